# SPDX-License-Identifier: GPL-2.0
# The Makefile for users; kbuild reads Kbuild. 'make help' lists the targets.

KERNEL ?= stock-6.1
TESTS ?= *
MINUTES ?= 10
vm := vm-images
drivers := selftests/drivers

# KDIR= or KVER= selects any configured kernel tree instead of one.
ifdef KVER
KDIR ?= /lib/modules/$(KVER)/build
endif
ifdef KDIR
override KERNEL := $(or $(KVER),custom)
export KDIR
endif

help:
	@echo 'kgc: a garbage-collected heap for kernel objects'
	@echo
	@echo 'To see it:'
	@echo '  run              boot a stock kernel in a guest and run the demo (sets up all it needs)'
	@echo '  shell            a shell in such a guest; FILES="a b" puts files of yours into it'
	@echo '  try              build the modules in MODULE=dir against kgc, load them in a guest and'
	@echo '                   unload them; COMMAND= runs there meanwhile, FILES= as above;'
	@echo '                   COMMAND= without MODULE= runs in a guest with kgc alone'
	@echo
	@echo 'To build:'
	@echo '  module           kgc.ko for KERNEL=, in build/KERNEL/; W=1 and C=2 as in the kernel'
	@echo '                   or for the tree KDIR=dir, or for installed headers with KVER=release'
	@echo '  modules_install  install the kgc.ko that is built for KVER= or KDIR=; to INSTALL_MOD_PATH='
	@echo '                   also one for KERNEL='
	@echo '  userspace        libkgc and kgcctl, in build/userspace/'
	@echo '  docs             the reference of <linux/kgc.h>, from its comments: man pages and HTML in'
	@echo '                   build/docs/, index.html first'
	@echo '  install          install these, to PREFIX=/usr/local or below DESTDIR='
	@echo '  uninstall        remove what install wrote; give it the same variables'
	@echo '  dkms_install     install the sources for DKMS, in /usr/src; dkms_uninstall removes them'
	@echo '  deb              Debian packages, in build/deb/'
	@echo '  selftests        the test programs, in build/selftests/'
	@echo '  clean            remove build/ (not the cache of kernels)'
	@echo
	@echo 'To test:'
	@echo '  check            the inner loop: warnings, sparse, checkpatch, quick tests (2 minutes)'
	@echo '  test             all that CI runs; with KERNEL=name the test programs on one kernel;'
	@echo '                   with TESTS=glob only those that match; check, model, soak'
	@echo '                   and bench-check run anyway'
	@echo '  nightly          what is too long for that: all fault sites, long stress, data races,'
	@echo '                   other architectures and kernels, coverage, targets; hours'
	@echo '  features         docs/features.md: every feature, and what the last test runs say of it'
	@echo '  kernels          the kernels there are, and which are ready'
	@echo '  detectors        that the runner hears each kind of kernel report'
	@echo '  model            the protocol, checked exhaustively; litmus'
	@echo '  litmus           the memory orderings it rests on, under the memory model of Linux'
	@echo '  soak             long stress, MINUTES=10'
	@echo '  coverage         which lines of kmod/ the tests run'
	@echo
	@echo 'To measure:'
	@echo '  bench            all suites and a table; BENCH=name one suite'
	@echo '  bench-check      instruction counts against those of the baseline commit'
	@echo '  bench-report     a page with charts, opened in a headless Chromium'
	@echo '  targets          a line per target; fails while one is missed'
	@echo '  fast-path        docs/fast-path.md: the fast paths, disassembled'
	@echo
	@echo 'KERNEL is $(KERNEL) unless set; V=1 shows the output of tests.'

all: module userspace

module:
	@$(vm)/host-packages run
	+@$(vm)/module $(KERNEL)
	@echo '  READY   build/$(KERNEL)/kgc.ko'

modules_install:
	+@$(vm)/module $(KERNEL) modules_install

userspace:
	@$(vm)/host-packages run
	+@$(MAKE) --no-print-directory -C userspace O='$(CURDIR)/build/userspace' all

install uninstall:
	@$(vm)/host-packages run
	+@$(MAKE) --no-print-directory -C userspace O='$(CURDIR)/build/userspace' $@

dkms_install:
	@packaging/install-dkms '$(DESTDIR)'

dkms_uninstall:
	@packaging/install-dkms -u '$(DESTDIR)'

deb:
	@$(vm)/host-packages run deb
	@packaging/build-deb build/deb

selftests: userspace
	@$(vm)/host-packages run test
	+@$(MAKE) --no-print-directory -C selftests O='$(CURDIR)/build' \
		KSELFTEST_DIR=$$($(vm)/kselftest) all

docs:
	@$(vm)/host-packages run check
	@docs/make-reference "$$(echo "$$($(vm)/kernel stock-6.1)"/usr/lib/linux-kbuild-*/scripts/kernel-doc)" \
		build/docs
	@echo '  READY   build/docs/index.html'

run: module userspace
	@$(vm)/boot -t $(or $(DEADLINE),120) -f build/$(KERNEL)/kgc.ko -f build/userspace/bin/kgcctl \
		$(KERNEL) -- 'insmod kgc.ko && kgcctl demo'
	@echo
	@echo 'Next:'
	@echo '  make shell                         look around in such a guest'
	@echo '  make try MODULE=selftests/client   build and load a module that uses kgc, then yours'
	@echo '  docs/README.md                     where to read on'

shell: module userspace
	@$(vm)/shell $(KERNEL) $(FILES)

# as given: a $ in them is not for make
try: override export MODULE := $(value MODULE)
try: override export COMMAND := $(value COMMAND)
try: module userspace
	@$(vm)/try $(KERNEL) "$$MODULE" "$$COMMAND" $(FILES)

check:
	@$(vm)/host-packages run check
	@$(drivers)/check

# Without KERNEL= this runs what CI runs.
test:
	@$(vm)/host-packages run check deb test
ifeq ($(origin KERNEL),file)
	@$(drivers)/test-all '$(TESTS)'
else
	@$(drivers)/test $(KERNEL) '$(TESTS)'
endif

nightly:
	@$(vm)/host-packages run check deb test arm64 bench nightly
	@$(drivers)/nightly

features:
	@selftests/features/features

kernels:
	@$(vm)/kernel

detectors:
	@$(vm)/host-packages run test
	@$(drivers)/detectors $(KERNEL)

model:
	@$(vm)/host-packages run
	+@$(MAKE) --no-print-directory -C selftests/model

litmus:
	@$(vm)/host-packages run
	+@$(MAKE) --no-print-directory -C selftests/model litmus

soak:
	@$(vm)/host-packages run test
	@$(drivers)/soak $(KERNEL) $(MINUTES)

coverage:
	@$(vm)/host-packages run test
	@$(drivers)/coverage '$(TESTS)'

bench targets:
	@$(vm)/host-packages run test bench
	@selftests/bench/$@

bench-check fast-path:
	@$(vm)/host-packages run test
	@selftests/bench/$@

# Without a browser bench-report writes the page, and says that no browser opened it.
bench-report:
	@$(vm)/host-packages report || echo '  SKIP    no Chromium can be had'
	@selftests/bench/$@

clean:
	rm -rf build

.PHONY: help all module modules_install userspace docs install uninstall dkms_install \
	dkms_uninstall deb selftests run shell try check test nightly features kernels detectors \
	model litmus soak coverage bench bench-check bench-report targets fast-path clean
