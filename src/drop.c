/* SPDX-License-Identifier: GPL-2.0 */
/*
 * drop.c - see drop.h. A system call that isn't on the list fails with EPERM: whatever wanted it, the
 * tool goes on where it can and says so where it can't.
 */
#include "drop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <linux/perf_event.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "parse.h"
#include "run.h"
#include "util.h"

/* What the C library, and the end of a process, need in both roles. */
static const int always[] = {
	SCMP_SYS(brk),		  SCMP_SYS(munmap),	   SCMP_SYS(mremap),
	SCMP_SYS(madvise),	  SCMP_SYS(futex),	   SCMP_SYS(write),
	SCMP_SYS(close),	  SCMP_SYS(rt_sigreturn),  SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(exit),	   SCMP_SYS(exit_group),
	SCMP_SYS(getpid),	  SCMP_SYS(gettid),	   SCMP_SYS(fstat),
	SCMP_SYS(clock_gettime),  SCMP_SYS(writev),
};

static const int tool[] = {
	SCMP_SYS(epoll_pwait),	 SCMP_SYS(epoll_wait),	 SCMP_SYS(read),
	SCMP_SYS(pread64),	 SCMP_SYS(lseek),	 SCMP_SYS(rt_sigsuspend),
	SCMP_SYS(wait4),	 SCMP_SYS(getrusage),	 SCMP_SYS(gettimeofday),
	SCMP_SYS(ftruncate),	 SCMP_SYS(sysinfo),	 SCMP_SYS(ppoll),
	SCMP_SYS(poll),		 SCMP_SYS(readv),
};

static const int opener[] = {
	SCMP_SYS(pread64),
	SCMP_SYS(fstatfs),
};

/* open(2) with one of these can do more than read */
#define TO_CHANGE (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND)

static const cap_value_t opener_caps[] = {
	CAP_SYS_PTRACE,		/* other processes' maps and roots */
	CAP_DAC_READ_SEARCH,	/* files that only their owner may read */
	CAP_CHECKPOINT_RESTORE, /* map_files */
};

static int allow_all(scmp_filter_ctx filter, const int *calls, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return err;
}

#define ALLOW_ALL(filter, list) allow_all(filter, list, sizeof(list) / sizeof(*(list)))

/* Those that are harmless with some arguments only. */
static int allow_some(scmp_filter_ctx filter, const struct duty *duty)
{
	/* memory, but no new code */
	int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	err = err ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* abort() */
	err = err ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				      SCMP_A0(SCMP_CMP_EQ, getpid(), 0));
	/* fstat() */
	err = err ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
				      SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
	if (duty->channel >= 0) {
		err = err ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
					      SCMP_A0(SCMP_CMP_EQ, duty->channel, 0));
		err = err ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), 1,
					      SCMP_A0(SCMP_CMP_EQ, duty->channel, 0));
	}
	if (duty->role == ROLE_OPENER)
		return err ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
					       SCMP_A2(SCMP_CMP_MASKED_EQ, TO_CHANGE, 0));
	/* fdopen() */
	err = err ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				      SCMP_A1(SCMP_CMP_EQ, F_GETFL, 0));
	/* detaching what perf attached */
	err = err ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				      SCMP_A1(SCMP_CMP_EQ, PERF_EVENT_IOC_DISABLE, 0));
	if (duty->command)
		err = err ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1,
					      SCMP_A0(SCMP_CMP_EQ, duty->command, 0));
	return err;
}

/* Sanitizers call what they please. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static int forbid_the_rest(const struct duty *duty)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!filter)
		return fail(-ENOMEM, "can't make a list of system calls");
	/* a tree of comparisons, not a chain */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	err = ALLOW_ALL(filter, always);
	err = err ?: duty->role == ROLE_TOOL ? ALLOW_ALL(filter, tool) :
					       ALLOW_ALL(filter, opener);
	err = err ?: allow_some(filter, duty);
	err = err ?: seccomp_load(filter);
	seccomp_release(filter);
	return err ? fail(err, "can't forbid system calls (--no-drop keeps all rights)") : 0;
}

static bool have(cap_value_t cap)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t now = cap_get_proc();

	if (now)
		cap_get_flag(now, cap, CAP_PERMITTED, &value);
	cap_free(now);
	return value == CAP_SET;
}

/* Of all capabilities, at most these. */
static int keep_caps(const cap_value_t *wanted, int n)
{
	cap_t caps = cap_init();
	int err = caps ? 0 : -errno;

	if (!err && have(CAP_SETPCAP)) {
		cap_t raised = cap_get_proc();
		cap_value_t setpcap = CAP_SETPCAP;

		/* changing one's user has put it aside */
		if (!raised || cap_set_flag(raised, CAP_EFFECTIVE, 1, &setpcap, CAP_SET) ||
		    cap_set_proc(raised))
			err = -errno;
		cap_free(raised);
		for (cap_value_t cap = 0; !err && cap_get_bound(cap) >= 0; cap++)
			if (cap_drop_bound(cap))
				err = -errno;
	}
	for (int i = 0; i < n && !err; i++)
		if (have(wanted[i]) &&
		    (cap_set_flag(caps, CAP_PERMITTED, 1, &wanted[i], CAP_SET) ||
		     cap_set_flag(caps, CAP_EFFECTIVE, 1, &wanted[i], CAP_SET)))
			err = -errno;
	if (!err && cap_set_proc(caps))
		err = -errno;
	cap_free(caps);
	return err ? fail(err, "can't give up capabilities (--no-drop keeps all rights)") : 0;
}

/* To whom? -1: to nobody else. */
static int change_user(const struct run *run, const struct duty *duty)
{
	struct user user = { NOBODY, NOBODY };
	bool may = have(CAP_SETUID) && have(CAP_SETGID);

	if (run->user_named)
		user = run->user;
	else if (user_named("sockray", &user))
		user_named("nobody", &user);
	if (run->user_named && !may)
		return fail(-EPERM, "--user needs CAP_SETUID and CAP_SETGID");
	/*
	 * Who isn't root is somebody without rights already; a container's root may not be able to;
	 * and the command's own user can signal it without any right. All capabilities go all the
	 * same.
	 */
	if (!run->user_named && (geteuid() || !may || (duty->command && !have(CAP_KILL)))) {
		if (have(CAP_SETGID) && cap_setgroups(getegid(), 0, NULL))
			return fail(-errno, "can't leave groups (--no-drop keeps all rights)");
		return 0;
	}
	if (cap_setgroups(user.gid, 0, NULL) || cap_setuid(user.uid))
		return fail(-errno, "can't become user %u (--no-drop keeps all rights)",
			    user.uid);
	return 0;
}

int drop_rights(const struct run *run, const struct duty *duty)
{
	static const cap_value_t kill = CAP_KILL;
	int err;

	if (run->no_drop)
		return 0;
	err = change_user(run, duty);
	if (err)
		return err;
	err = duty->role == ROLE_OPENER ?
		      keep_caps(opener_caps, sizeof(opener_caps) / sizeof(*opener_caps)) :
		      keep_caps(&kill, duty->command != 0);
	if (err)
		return err;
	/* LeakSanitizer traces its process */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) ||
	    prctl(PR_SET_DUMPABLE, (unsigned long)SANITIZED, 0UL, 0UL, 0UL))
		return fail(-errno, "can't give up rights");
	return SANITIZED ? 0 : forbid_the_rest(duty);
}
