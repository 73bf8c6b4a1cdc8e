/// CPUs, nice values and threads of programs, as the shell's tools see and set them.
import { describe, expect, it } from 'vitest';
import { hosts } from '../../../src/hardware/hosts.ts';
import { spawn } from '../../../src/kernel/apps.ts';
import { boot } from '../../../src/kernel/boot.ts';
import { advance } from '../../../src/kernel/run.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { createSession, run } from '../../../src/shell/shell.ts';

/// A terminal: what each line prints, standard error behind standard output.
function terminal(user: 'root' | 'alice' = 'root') {
  const host: { k: Kernel } = { k: boot(hosts['igb']!, 1) };
  const session = createSession(host.k, user);
  const type = (line: string): string => {
    let out = '';
    const take = (l: { text: string; nl: boolean }): void =>
      void (out += l.text + (l.nl ? '\n' : ''));
    const running = run(host, session, line, { out: take, err: take, columns: null });
    for (let turn = running.next(); !turn.done; turn = running.next())
      if (turn.value.kind === 'sleep') advance(host.k, host.k.now + turn.value.ns);
    return out;
  };
  return { host, type };
}

function withThreads() {
  const { host, type } = terminal();
  spawn(host.k, {
    ...{ comm: 'server', uid: 0, cpu: -1, pid: 4000, proto: 'udp', port: 7777 },
    ...{ reads: true, service_ns: 0, threads: 3, nice: 5 },
  });
  return { host, type };
}

describe('a program started by taskset', () => {
  it('keeps to those CPUs, also through another shell', () => {
    const { host, type } = terminal();
    type('taskset -c 2,3 bash -c "udpsink 7777 & sleep 0.1"');
    const task = host.k.tasks.find((one) => one.comm === 'udpsink')!;
    expect(task.cpus_allowed).toEqual([0b1100]);
    expect(task.cpu).toBe(3);
  });

  it('leaves the shell that has started it where it is', () => {
    const { type } = terminal();
    expect(type('taskset -c 1 taskset -cp $$')).toMatch(/affinity list: 0-7\n$/);
  });
});

describe('numactl', () => {
  it('-N starts a program on the CPUs of a node, -C on those CPUs', () => {
    const { host, type } = terminal();
    type('numactl -N 1 udpsink 7777 & numactl -C 2 udpsink 7778 & sleep 0.1');
    const masks = host.k.tasks
      .filter((one) => one.comm === 'udpsink')
      .map((one) => one.cpus_allowed);
    expect(masks).toEqual([[0xf0], [0b100]]);
  });
});

describe('taskset -p with CPUs', () => {
  it('moves a task and tells where it was', () => {
    const { type } = withThreads();
    expect(type('taskset -cp 1,2 4000')).toBe(
      "pid 4000's current affinity list: 0-7\npid 4000's new affinity list: 1,2\n",
    );
    expect(type('grep Cpus_allowed_list /proc/4000/status')).toBe('Cpus_allowed_list:\t1-2\n');
    expect(type('grep Cpus_allowed_list /proc/4000/task/4001/status')).toBe(
      'Cpus_allowed_list:\t0-7\n',
    );
  });

  it('with -a moves every thread', () => {
    const { host, type } = withThreads();
    type('taskset -acp 6 4000');
    const masks = host.k.tasks.filter((one) => one.tgid === 4000).map((one) => one.cpus_allowed);
    expect(masks).toEqual([[64], [64], [64]]);
  });

  it('is refused for a kernel thread that belongs to one CPU, and for CPUs that are not there', () => {
    const { type } = withThreads();
    expect(type('taskset -cp 5 17')).toContain(
      "taskset: failed to set pid 17's affinity: Invalid argument\n",
    );
    expect(type('taskset -cp 20 4000')).toContain('Invalid argument\n');
  });
});

describe('nice values', () => {
  it('are handed on by nice, and changed by renice for the one thread', () => {
    const { host, type } = withThreads();
    type('nice -n 7 udpsink 7778 & sleep 0.1');
    expect(host.k.tasks.find((one) => one.comm === 'udpsink')!.nice).toBe(7);
    expect(type('renice -n 12 -p 4000')).toBe(
      '4000 (process ID) old priority 5, new priority 12\n',
    );
    const values = host.k.tasks.filter((one) => one.tgid === 4000).map((one) => one.nice);
    expect(values).toEqual([12, 5, 5]);
    expect(type('renice 3 99999')).toBe(
      'renice: failed to get priority for 99999 (process ID): No such process\n',
    );
  });

  it('are lowered by root only', () => {
    const { type } = terminal('alice');
    expect(type('nice -n -5 nice')).toBe('nice: cannot set niceness: Permission denied\n0\n');
    expect(type('nice nice')).toBe('10\n');
  });
});

describe('threads', () => {
  it('are one process in ps and /proc, and three lines with -L', () => {
    const { type } = withThreads();
    expect(type('ps -e -o pid,nlwp,stat,comm | grep server')).toBe(' 4000    3 SNl  server\n');
    expect(type('ps -eLo pid,lwp,psr,ni,comm | grep server')).toBe(
      ' 4000  4000   7   5 server\n 4000  4001   6   5 server\n 4000  4002   5   5 server\n',
    );
    expect(type('ls /proc/4000/task')).toMatch(/^4000\s+4001\s+4002\s$/);
    expect(type('grep Threads /proc/4000/status')).toBe('Threads:\t3\n');
  });

  it('count how often they slept and how often they were made to give way', () => {
    const { type } = withThreads();
    expect(type('grep ctxt /proc/4000/status')).toBe(
      'voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n',
    );
    expect(type('grep "^nr_vol" /proc/4000/sched')).toMatch(/^nr_voluntary_switches {24}: +\d+\n$/);
  });
});
