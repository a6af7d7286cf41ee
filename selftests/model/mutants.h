/* SPDX-License-Identifier: GPL-2.0 */
/*
 * X(name) for every mutant. mutants.txt says where it runs and which step it stands for.
 * variants.txt lists those that the model finds harmless: the step is not needed.
 */
#define MUTANTS \
	X(no_barrier) X(no_root_barrier) X(no_arm) \
	X(no_gp_arm) X(no_gp_mark) X(no_gp_settle) X(idle_after_mark) \
	X(arm_no_old) X(arm_no_new) X(mark_no_shade) X(plain_store) \
	X(shade_after_store) X(white_in_mark) X(black_in_arm) X(mark_not_atomic) \
	X(no_rounds) X(no_take) X(no_count) X(count_if_queued) X(count_look_late) \
	X(no_round_gp) X(skip_a_cpu) \
	X(late_clear) X(queued_before_mark) X(no_reread) X(markers_not_joined) \
	X(push_outside_region) \
	X(black_in_idle) X(settle_white) X(settle_black) X(arm_before_swept) \
	X(sweep_keeps_marks) X(sweep_keeps_scan) \
	X(no_flush_gp) X(flush_not_exclusive) X(giveback_as_old) \
	X(colour_before_take) X(no_busy) X(idle_before_flush) X(skip_flush) \
	X(weak_no_shade) X(weak_close_blind) X(weak_closing_flag) \
	X(weak_no_reread) X(weak_clear_plain) X(weak_after_sweep) \
	X(weak_not_cleared) X(fin_before_weak) \
	X(fin_no_mark) X(fin_no_trace) X(fin_twice) X(fin_no_barrier) \
	X(finq_no_root) X(cleanup_before_fin) X(cleanup_late) X(cleanup_stays) \
	X(cleanup_marks) X(nested_fresh) X(wait_in_section) X(weak_arm_plain) \
	X(tiny_noted) X(tiny_noted_others) X(tiny_no_mark) \
	X(tiny_open_after_flush) X(tiny_open_after_refill)
#define X(n) M_##n,
enum { M_NONE, MUTANTS M_NR };
#undef X
#define X(n) #n,
static const char * const mutant_name[] = { "protocol", MUTANTS };
#undef X
