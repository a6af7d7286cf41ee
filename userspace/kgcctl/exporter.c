// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl exporter: serve the counters of all heaps to Prometheus.
 *
 * libmicrohttpd comes with gnutls and its libraries. Loading these would double the time
 * that every other command takes to start, so only this one loads them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "kgcctl.h"
#include "metrics.h"
#include "pprof.h"

#define LIBRARY		"libmicrohttpd.so.12"
#define MOST_CLIENTS	64U	/* connected at once; more wait until one has gone */
#define PATIENCE	10U	/* s for which a client may be silent */
#define FRESH_NS	500000000ULL	/* scrapes in this time share a reading */

static struct {
	const char *listen;
	bool print;
} settings = { .listen = "127.0.0.1:9842" };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)state;
	switch (key) {
	case 'l':
		settings.listen = arg;
		return 0;
	case 'p':
		settings.print = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "listen", 'l', "ADDRESS:PORT", 0, "serve there instead of 127.0.0.1:9842, as 0.0.0.0:9842 or [::1]:9842; port 0 is any that is free", 0 },
	{ "print", 'p', 0, 0, "print the metrics once instead of serving them", 0 },
	{ 0 }
};

/* ---- libmicrohttpd ----------------------------------------------------------- */

#define FUNCTIONS(row)			\
	row(MHD_start_daemon)		\
	row(MHD_stop_daemon)		\
	row(MHD_create_response_from_buffer) \
	row(MHD_add_response_header)	\
	row(MHD_queue_response)		\
	row(MHD_destroy_response)	\
	row(MHD_lookup_connection_value)

#define POINTER(name) __typeof__(name) *name;
static struct { FUNCTIONS(POINTER) } http;

static bool find_function(void *library, const char *name, void *pointer)
{
	void *function = dlsym(library, name);

	memcpy(pointer, &function, sizeof(function));
	return function;
}

static int load_library(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW);

#define FIND(name) && find_function(library, #name, &http.name)
	if (library FUNCTIONS(FIND))
		return STATUS_OK;
	return complain(STATUS_FAILED,
			"this needs " LIBRARY " (Debian's package libmicrohttpd12): %s",
			dlerror());
}

/* ---- answers ----------------------------------------------------------------- */

/* Only the thread of the server uses these. */
static struct MHD_Response *last_metrics;
static uint64_t last_read_ns;

static struct MHD_Response *answer(const char *type, char *text, bool free_text)
{
	struct MHD_Response *response;

	response = http.MHD_create_response_from_buffer(strlen(text), text, free_text ?
			MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (!response)
		exit(complain(STATUS_FAILED, "no memory"));
	http.MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	return response;
}

/*
 * Queue the metrics. All scrapes within FRESH_NS, and the clients that are slow to read,
 * share one text: neither time nor memory grows with the number of clients.
 */
static enum MHD_Result send_metrics(struct MHD_Connection *client)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	enum MHD_Result result;
	struct MHD_Response *failed;
	char *text;

	if (!last_metrics || now_ns - last_read_ns >= FRESH_NS) {
		if (last_metrics)
			http.MHD_destroy_response(last_metrics);
		last_metrics = NULL;
		if (!metrics_read(&text))
			last_metrics = answer("text/plain; version=0.0.4; charset=utf-8", text, true);
		last_read_ns = clock_ns(CLOCK_MONOTONIC);
	}
	if (last_metrics)
		return http.MHD_queue_response(client, MHD_HTTP_OK, last_metrics);
	failed = answer("text/plain", "the heaps cannot be read: see the log of the exporter\n",
			false);
	result = http.MHD_queue_response(client, MHD_HTTP_SERVICE_UNAVAILABLE, failed);
	http.MHD_destroy_response(failed);
	return result;
}

/*
 * Queue the allocation profile of all heaps, or of the one that "heap=ID" names. It is read
 * for each request, because it is large and few ask for it. All who can connect get it, so
 * it has no addresses of the kernel.
 */
static enum MHD_Result send_profile(struct MHD_Connection *client)
{
	static char failed[] = "the profile cannot be read: see the log of the exporter\n";
	const char *word = http.MHD_lookup_connection_value(client, MHD_GET_ARGUMENT_KIND, "heap");
	struct MHD_Response *response;
	int64_t sums[PPROF_VALUES];
	enum MHD_Result result;
	unsigned char *file;
	unsigned int heap;
	size_t size;
	int status;

	if (word && !parse_heap(word, &heap))
		status = STATUS_USAGE;
	else
		status = pprof_read(word ? (long)heap : MODULE_WIDE, false, &file, &size, sums);
	if (status) {
		response = answer("text/plain", failed, false);
	} else {
		response = http.MHD_create_response_from_buffer(size, file, MHD_RESPMEM_MUST_FREE);
		if (!response)
			exit(complain(STATUS_FAILED, "no memory"));
		http.MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
					     "application/octet-stream");
	}
	result = http.MHD_queue_response(client, !status ? MHD_HTTP_OK :
					 status == STATUS_USAGE ? MHD_HTTP_BAD_REQUEST :
					 status == STATUS_NO_HEAP ? MHD_HTTP_NOT_FOUND :
					 MHD_HTTP_SERVICE_UNAVAILABLE, response);
	http.MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_page(struct MHD_Connection *client, const char *url, bool is_get)
{
	static char root[] =
		"<!DOCTYPE html><title>kgc</title><h1>kgc</h1>"
		"<p>Heaps of <code>/dev/kgc</code>: <a href=\"/metrics\">metrics</a>, "
		"<a href=\"/debug/pprof/heap\">allocation profile</a>\n";
	static char absent[] = "there are only /, /metrics and /debug/pprof/heap\n";
	static char refused[] = "only GET and HEAD are allowed\n";
	bool is_root = !strcmp(url, "/");
	struct MHD_Response *response;
	enum MHD_Result result;

	response = !is_get ? answer("text/plain", refused, false) :
		   is_root ? answer("text/html; charset=utf-8", root, false) :
		   answer("text/plain", absent, false);
	if (!is_get)
		http.MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = http.MHD_queue_response(client, !is_get ? MHD_HTTP_METHOD_NOT_ALLOWED :
					 is_root ? MHD_HTTP_OK : MHD_HTTP_NOT_FOUND, response);
	http.MHD_destroy_response(response);
	return result;
}

/* libmicrohttpd calls this when the headers are there, and again after each part of a body. */
static enum MHD_Result handle(void *unused, struct MHD_Connection *client, const char *url,
			      const char *method, const char *version, const char *body,
			      size_t *body_size, void **seen)
{
	bool is_get = !strcmp(method, MHD_HTTP_METHOD_GET) ||
		      !strcmp(method, MHD_HTTP_METHOD_HEAD);

	(void)unused, (void)version, (void)body;
	/* It answers only when it is called a second time, after it has read the body. */
	if (!*seen || *body_size) {
		*seen = &last_metrics;
		*body_size = 0;
		return MHD_YES;
	}
	if (is_get && !strcmp(url, "/metrics"))
		return send_metrics(client);
	if (is_get && !strcmp(url, "/debug/pprof/heap"))
		return send_profile(client);
	return send_page(client, url, is_get);
}

/* ---- serving ----------------------------------------------------------------- */

static int complain_address(void)
{
	return complain(STATUS_USAGE,
			"--listen takes ADDRESS:PORT, as 127.0.0.1:9842 or [::1]:9842, not '%s'",
			settings.listen);
}

/* Parse --listen. The caller frees *@found. */
static int resolve(struct addrinfo **found)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(settings.listen, ':');
	bool brackets = settings.listen[0] == '[';
	char host[64], *end;
	long port;

	if (!colon || colon == settings.listen || (brackets && colon[-1] != ']'))
		return complain_address();
	port = strtol(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end || port > 65535)
		return complain_address();
	snprintf(host, sizeof(host), "%.*s", (int)(colon - settings.listen) - 2 * brackets,
		 settings.listen + brackets);
	return getaddrinfo(host, colon + 1, &hints, found) ? complain_address() : STATUS_OK;
}

/* Open a socket that listens at @address. Returns it, or a negative exit status. */
static int open_socket(const struct addrinfo *address)
{
	int fd, on = 1, status = STATUS_OK;

	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, address->ai_addr, address->ai_addrlen) || listen(fd, MOST_CLIENTS))
		status = complain(errno == EACCES ? STATUS_DENIED : STATUS_FAILED,
				  "listening at %s: %s", settings.listen, strerror(errno));
	if (!status)
		return fd;
	if (fd >= 0)
		close(fd);
	return -status;
}

/* Say where the metrics are, with the port that the kernel has chosen. */
static void announce(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char host[64], port[16];
	bool v6;

	if (getsockname(fd, (struct sockaddr *)&address, &length) ||
	    getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	v6 = address.ss_family == AF_INET6;
	printf("serving http://%s%s%s:%s/metrics\n", v6 ? "[" : "", host, v6 ? "]" : "", port);
	fflush(stdout);
}

/* Serve until SIGTERM or SIGINT. */
static int serve(int fd)
{
	struct MHD_Daemon *server;
	sigset_t ends;
	int signal;

	/* the server's thread inherits the mask */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	server = http.MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0,
				       NULL, NULL, handle, NULL,
				       MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd,
				       MHD_OPTION_CONNECTION_LIMIT, MOST_CLIENTS,
				       MHD_OPTION_CONNECTION_TIMEOUT, PATIENCE,
				       MHD_OPTION_END);
	if (!server) {
		close(fd);
		return complain(STATUS_FAILED, "libmicrohttpd does not start: %s",
				strerror(errno));
	}
	announce(fd);
	sigwait(&ends, &signal);
	http.MHD_stop_daemon(server);
	if (last_metrics)
		http.MHD_destroy_response(last_metrics);
	return STATUS_OK;
}

static int run(int nr, char **words)
{
	struct addrinfo *address;
	int fd, status;
	char *text;

	(void)nr, (void)words;
	status = resolve(&address);
	if (status)
		return status;
	/* tell the user now, not the first client, that the heaps cannot be read */
	status = metrics_read(&text);
	if (!status && settings.print)
		fputs(text, stdout);
	free(text);
	if (!status && !settings.print)
		status = load_library();
	if (!status && !settings.print) {
		fd = open_socket(address);
		status = fd < 0 ? -fd : serve(fd);
	}
	freeaddrinfo(address);
	return status;
}

const struct command command_exporter = {
	.name = "exporter",
	.arguments = "",
	.about = "serves the counters of all heaps to Prometheus",
	.help =
		"Serves /metrics, and for 'go tool pprof' /debug/pprof/heap, until SIGTERM or\n"
		"SIGINT. /debug/pprof/heap?heap=ID is of one heap. All who can connect can read\n"
		"the counters and the profile. Each scrape reads the counters of each heap\n"
		"once; scrapes within half a second share a reading. Up to 64 clients are\n"
		"connected at once, and one that is silent for 10 s is disconnected. kgcctl(8)\n"
		"lists the metrics. For root.",
	.options = options,
	.parse = parse,
	.run = run,
};
