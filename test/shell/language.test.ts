/// What only this shell has: virtual time, Ctrl-C, bounds, jobs, and a session that is plain data.
import { describe, expect, it } from 'vitest';
import { Killed } from '../../src/shell/command.ts';
import { bench, finish } from './fixture.ts';

describe('at an interactive prompt', () => {
  it('starts messages with the name of the shell and no line number', () => {
    const b = bench();
    expect(b.run('nosuchcommand')).toBe(127);
    expect(b.err).toBe('bash: nosuchcommand: command not found\n');
    b.session.name = '-bash';
    b.run('echo abc > /proc/refuses');
    expect(b.err).toBe('-bash: echo: write error: Invalid argument\n');
    expect(b.session.status).toBe(1);
  });

  it('drops the rest of the line after a division by zero, as the recorded host does', () => {
    const b = bench();
    expect(b.run('echo $((1/0)); echo no')).toBe(1);
    expect([b.out, b.err]).toEqual(['', 'bash: 1/0: division by 0 (error token is "0")\n']);
    b.run('echo $?');
    expect(b.out).toBe('1\n');
  });

  it('keeps variables, functions, options and the directory from line to line', () => {
    const b = bench();
    b.run('x=1; f() { echo "f$x"; }; cd /tmp; set -o pipefail');
    b.run('f; pwd; false | true; echo $?');
    expect(b.out).toBe('f1\n/tmp\n1\n');
  });

  it('counts history and lists it', () => {
    const b = bench();
    b.run('echo a');
    b.run('history');
    expect(b.out).toBe('    1  echo a\n    2  history\n');
  });

  it('expands an alias at the start of a command, but not inside itself', () => {
    const b = bench();
    b.run("alias hi='echo hi' echo='echo -n'");
    b.run('hi you; echo; type hi');
    expect(b.out).toBe("hi youhi is aliased to `echo hi'\n");
  });

  it('refuses a write that alice may not make', () => {
    const b = bench([], 'alice');
    expect(b.run('echo 1 > /proc/locked')).toBe(1);
    expect(b.err).toBe('bash: /proc/locked: Permission denied\n');
  });
});

describe('a script in a file', () => {
  it('shows its path and line in messages, and ends with 1 when a parameter is missing', () => {
    const b = bench();
    b.session.files['/tmp/t.sh'] = '#!/bin/bash\n# usage\nset -e\nDEV=${1:?device}\necho no\n';
    b.session.modes['/tmp/t.sh'] = 0o755;
    b.run('/tmp/t.sh');
    expect(b.err).toBe('/tmp/t.sh: line 4: 1: device\n');
  });

  it('calls a glob that matches many files in a redirection ambiguous, in the words of the source', () => {
    const b = bench();
    b.session.files['/tmp/a1'] = '';
    b.session.files['/tmp/a2'] = '';
    b.session.files['/tmp/t.sh'] = 'i="*"\necho x > /tmp/a$i\n';
    b.run('bash /tmp/t.sh');
    expect(b.err).toBe('/tmp/t.sh: line 2: /tmp/a$i: ambiguous redirect\n');
  });

  it('is refused without the bit that makes it executable', () => {
    const b = bench();
    b.session.files['/tmp/t.sh'] = 'echo hi\n';
    expect(b.run('/tmp/t.sh')).toBe(126);
    expect(b.err).toBe('bash: /tmp/t.sh: Permission denied\n');
  });
});

describe('virtual time', () => {
  it('passes while a command sleeps, and shows in $SECONDS and time', () => {
    const b = bench();
    b.run('sleep 90; echo $SECONDS; time sleep 1.5');
    expect(b.out).toBe('90\n');
    expect(b.err).toBe('\nreal\t0m1.500s\nuser\t0m0.000s\nsys\t0m0.000s\n');
    expect(b.host.k.now).toBe(91.5e9);
  });

  it('runs jobs beside the line, in the order of their times', () => {
    const b = bench();
    b.run('(sleep 2; echo two) & (sleep 1; echo one) & echo now; wait; echo all');
    expect(b.out).toBe('now\none\ntwo\nall\n');
    expect(b.host.k.now).toBe(2e9);
  });

  it('prints the job line, and how the job ended, as the recorded host does', () => {
    const b = bench();
    b.run('sleep 1 > /dev/null & wait');
    const pid = b.session.last_pid;
    expect(b.err).toBe(`[1] ${pid}\n[1]+  Done                    sleep 1 > /dev/null\n`);
    b.run('sleep 100 & kill %1; sleep 0.1; echo $SECONDS');
    expect(b.err).toContain('[1]+  Terminated              sleep 100\n');
  });

  it('ends a read that has waited long enough', () => {
    const b = bench();
    b.run('sleep 5 | { read -t 2 x; echo $?; }');
    expect(b.out).toBe('142\n');
  });
});

describe('Ctrl-C', () => {
  const endless = [
    'while true; do :; done',
    'yes > /dev/null',
    'yes | cat > /dev/null',
    'sleep 1000',
    'f() { while :; do sleep 1; done; }; f',
    'x=$(while :; do sleep 1; done)',
    'until false; do (true); done',
    'for ((;;)); do :; done',
    'cat <(sleep 100)',
  ];
  it.each(endless)('stops %j', (line) => {
    const b = bench();
    const running = b.start(`${line}; echo no`);
    for (let i = 0; i < 200; i++) {
      const { value, done } = running.next();
      expect(done).toBe(false);
      if (typeof value === 'object' && value.kind === 'sleep')
        b.host.k.now += Math.min(value.ns, 1e8);
    }
    let result = running.throw(new Killed(130));
    for (let i = 0; i < 50 && !result.done; i++) result = running.next();
    expect(result).toEqual({ done: true, value: 130 });
    expect(b.out).toBe('');
    expect(b.run('echo alive')).toBe(0);
  });

  it('runs the trap for INT and goes on', () => {
    const b = bench();
    const running = b.start("trap 'echo caught' INT; sleep 100; echo after");
    running.next();
    const rest = running.throw(new Killed(130));
    if (!rest.done) finish(b.host.k, running);
    expect(b.out).toBe('caught\nafter\n');
  });

  it('leaves a job in the background alone', () => {
    const b = bench();
    b.run('(sleep 3; echo job) & true');
    const running = b.start('sleep 100');
    running.next();
    running.throw(new Killed(130));
    b.run('wait');
    expect(b.out).toBe('job\n');
  });
});

describe('bounds', () => {
  it.each([
    [
      'echo {1..100000000}',
      'softnet: a brace expansion of 100000000 words is more than the 200000 allowed here',
    ],
    ['f() { f; }; f', 'softnet: f: commands may be nested 400 deep here'],
    ['x=$(yes "$(printf %500s)")', 'softnet: the output of $( ) is limited to 8 MiB'],
    [
      'printf "%2000000s" x | cat > /dev/null; printf -v x "%1000000s" x; echo ${#x} >&2',
      '1000000',
    ],
  ])('answers %j with %j', (line, message) => {
    const b = bench();
    b.run(line);
    expect(b.err).toBe(message + '\n');
  });

  it('ends the writer of a pipe that nobody reads any more', () => {
    const b = bench();
    b.run('yes | head -1; echo ${PIPESTATUS[@]}');
    expect(b.out).toBe('y\n141 0\n');
  });

  it('fills a file up to a limit and then has no space left', () => {
    const b = bench();
    b.run('yes "$(printf %500s)" > /tmp/big; echo $?');
    expect(b.out).toBe('1\n');
    expect(b.err).toBe('yes: write error: No space left on device\n');
  });
});

describe('the session', () => {
  it('is plain data: a copy goes on from the same state', () => {
    const b = bench();
    b.run('x=5; a=(1 2); declare -A m=([k]=v); f() { echo f; }; trap "echo bye" EXIT; RANDOM=7');
    const copy = structuredClone(b.session);
    expect(copy).toEqual(b.session);
    b.run('echo $RANDOM');
    const first = b.out;
    Object.assign(b.session, copy);
    b.run('echo $RANDOM');
    expect(b.out).toBe(first);
  });

  it('is not changed by a subshell, except its files', () => {
    const b = bench();
    b.run('x=1; (x=2; cd /; echo hi > /tmp/f); echo $x $PWD; cat /tmp/f');
    expect(b.out).toBe('1 /root\nhi\n');
  });
});

describe('marks', () => {
  it('go through pipes, loops over read excepted', () => {
    const b = bench([
      {
        name: 'marked',
        summary: '',
        usage: '',
        *run(io) {
          yield* io.out.write('rx: ');
          yield* io.out.pass({
            text: '42',
            nl: true,
            marks: [{ start: 0, end: 2, ref: 'counter:x' }],
          });
          return 0;
        },
      },
    ]);
    const seen: unknown[] = [];
    b.box.current = { ...b.box.current, out: (line) => void seen.push(line) };
    b.run('marked | cat | head -1');
    expect(seen).toEqual([
      { text: 'rx: 42', nl: true, marks: [{ start: 4, end: 6, ref: 'counter:x' }] },
    ]);
  });
});
