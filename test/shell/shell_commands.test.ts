/// The tools that belong to the shell itself: sleep, seq, yes, sudo, env, timeout, watch, xargs,
/// date and who-am-I. Error texts are coreutils' own.
import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { Killed } from '../../src/shell/command.ts';
import { createSession, run } from '../../src/shell/shell.ts';

function answer(
  line: string,
  user: 'root' | 'alice' = 'root',
  columns: number | null = null,
  limit_ns = 60e9,
) {
  const desc = hosts['igb'];
  if (!desc) throw new Error('no host igb');
  const host: { k: Kernel } = { k: boot(desc, 1) };
  const session = createSession(host.k, user);
  let out = '';
  let err = '';
  const running = run(host, session, line, {
    out: (l) => void (out += l.text + (l.nl ? '\n' : '')),
    err: (l) => void (err += l.text + (l.nl ? '\n' : '')),
    columns,
  });
  let result = running.next();
  while (!result.done) {
    if (result.value.kind === 'sleep') advance(host.k, host.k.now + result.value.ns);
    result = host.k.now > limit_ns ? running.throw(new Killed(130)) : running.next();
  }
  return { out, err, status: result.value, now_s: host.k.now / 1e9 };
}

describe('refusals', () => {
  it.each([
    ['sleep', 1, "sleep: missing operand\nTry 'sleep --help' for more information.\n"],
    [
      'sleep 1x',
      1,
      "sleep: invalid time interval '1x'\nTry 'sleep --help' for more information.\n",
    ],
    [
      'seq a',
      1,
      "seq: invalid floating point argument: 'a'\nTry 'seq --help' for more information.\n",
    ],
    [
      'seq 1 0 2',
      1,
      "seq: invalid Zero increment value: '0'\nTry 'seq --help' for more information.\n",
    ],
    [
      'timeout 1 nosuch',
      127,
      "timeout: failed to run command 'nosuch': No such file or directory\n",
    ],
    ['env nosuch', 127, "env: 'nosuch': No such file or directory\n"],
    ['echo a | xargs nosuch', 127, 'xargs: nosuch: No such file or directory\n'],
    ['sudo ethtooool', 1, 'sudo: ethtooool: command not found\n'],
    ['sudo -u bob true', 1, 'sudo: unknown user bob\n'],
    ['sudo cd /', 1, 'sudo: cd: command not found\n'],
    ['id bob', 1, "id: 'bob': no such user\n"],
    ['bash /nofile', 127, 'bash: /nofile: No such file or directory\n'],
    ['set -o posix', 0, 'softnet: not modelled here: set -o posix\n'],
  ])('%j ends with %d', (line, status, err) => {
    expect(answer(line)).toMatchObject({ status, err, out: '' });
  });
});

describe('answers', () => {
  it.each([
    ['seq 3', '1\n2\n3\n'],
    ['seq 5 -2 1', '5\n3\n1\n'],
    ['seq -w 8 10', '08\n09\n10\n'],
    ['seq -s, 3', '1,2,3\n'],
    ['seq 0.5 0.25 1', '0.50\n0.75\n1.00\n'],
    ["seq -f '%03g' 2", '001\n002\n'],
    ['seq 3 1', ''],
    ['seq 3 | xargs -n1 echo item', 'item 1\nitem 2\nitem 3\n'],
    ['printf "a b\\nc\\n" | xargs -I{} echo "<{}>"', '<a b>\n<c>\n'],
    ['printf "a\\0b c\\0" | xargs -0 -n1 echo', 'a\nb c\n'],
    [`echo "'a b' c" | xargs -n1`, 'a b\nc\n'],
    ['xargs -r echo no < /dev/null; echo $?', '0\n'],
    ['echo 1 2 | xargs -n1 sh -c "exit 1"; echo $?', '123\n'],
    ['env -i A=1 env', 'A=1\n'],
    ['A=2 env | grep ^A=', 'A=2\n'],
    ['timeout 1 sleep 5; echo $?', '124\n'],
    ['timeout 5 sleep 1; echo $?', '0\n'],
    ['timeout -s KILL 1 sleep 5; echo $?', '137\n'],
    ['sudo -u alice whoami; sudo whoami; sudo -u alice sudo id -u', 'alice\nroot\n0\n'],
    ["sudo -u alice bash -c 'echo $HOME $USER $SUDO_USER $UID'", '/home/alice alice root 1000\n'],
    ['nproc; uname -rm', '8\n6.12.107+deb13-amd64 x86_64\n'],
    [
      'date -d @0 "+%F %T %a %j"; date -d @1709210096 "+%c"',
      '1970-01-01 00:00:00 Thu 001\nThu Feb 29 12:34:56 2024\n',
    ],
    ['a=$(date +%s); sleep 30; echo $(( $(date +%s) - a ))', '30\n'],
    ['hostname; id', 'host2\nuid=0(root) gid=0(root) groups=0(root)\n'],
    ['type ethtool cd', 'ethtool is /usr/sbin/ethtool\ncd is a shell builtin\n'],
  ])('%j', (line, out) => {
    expect(answer(line)).toMatchObject({ out, err: '' });
  });

  it('alice gets what root may write only through sudo', () => {
    expect(answer('sudo echo 1 > /proc/sys/net/core/somaxconn', 'alice')).toMatchObject({
      status: 1,
      err: 'bash: /proc/sys/net/core/somaxconn: Permission denied\n',
    });
    expect(
      answer(
        'sudo sh -c "echo 100 > /proc/sys/net/core/somaxconn"; cat /proc/sys/net/core/somaxconn',
        'alice',
      ).out,
    ).toBe('100\n');
  });
});

describe('watch', () => {
  it('prints frames into a pipe, and ends at the first that nobody reads', () => {
    const { out, now_s } = answer('watch -t -n 2 date +%S | head -2');
    expect(out.split('\n').map(Number).slice(0, 2)).toEqual([48, 50]);
    expect(now_s).toBe(4);
  });

  it('repaints a terminal under its header, and marks what changed with -d', () => {
    const { out } = answer('watch -n 1 -d date +%s', 'root', 80, 1.5e9);
    const frames = out.split('\x1b[H\x1b[2J').slice(1);
    expect(frames).toHaveLength(2);
    expect(frames[0]).toMatch(
      /^Every 1\.0s: date \+%s {2,}host2: \w{3} Nov 20 [\d:]{8} 2026\n\n\d+\n$/,
    );
    expect(frames[0]?.split('\n')[0]).toHaveLength(80);
    expect(frames[1]).toMatch(/\x1b\[7m\d\x1b\[27m\n$/); // eslint-disable-line no-control-regex
  });
});

describe('modprobe', () => {
  it('is refused to an ordinary user, unless the module is there already', () => {
    expect(answer('modprobe dummy', 'alice')).toMatchObject({
      err: "modprobe: ERROR: could not insert 'dummy': Operation not permitted\n",
      status: 1,
    });
    expect(answer('modprobe igb', 'alice')).toMatchObject({ err: '', status: 0 });
  });

  it('makes a congestion control available, and connection tracking', () => {
    const line =
      'modprobe tcp_htcp; sysctl -n net.ipv4.tcp_available_congestion_control; modprobe nf_conntrack; conntrack -C';
    expect(answer(line)).toMatchObject({ out: 'reno cubic htcp\n0\n', err: '', status: 0 });
  });

  it('says so of a module that nothing here stands for', () => {
    expect(answer('modprobe ext2')).toMatchObject({
      err: 'softnet: not modelled here: modprobe ext2\n',
      status: 1,
    });
  });

  it('lsmod counts who uses a discipline: each of a mq, and the default', () => {
    const line =
      'sysctl -qw net.core.default_qdisc=fq; tc qdisc replace dev eth1 root mq; lsmod | grep sch_';
    expect(answer(line).out).toBe('sch_fq                 20480  9\n');
  });
});

describe('arping', () => {
  it('asks everybody once, then who has answered', () => {
    const { out, status } = answer('arping -c 2 -I eth0 10.0.0.1');
    expect(out).toMatch(
      /^ARPING 10\.0\.0\.1 from 10\.0\.0\.2 eth0\n(Unicast reply from 10\.0\.0\.1 \[([0-9A-F]{2}:){5}[0-9A-F]{2}\] {2}\d+\.\d{3}ms\n){2}Sent 2 probes \(1 broadcast\(s\)\)\nReceived 2 response\(s\)\n$/,
    );
    expect(status).toBe(0);
  });

  it('fails when nobody has the address', () => {
    expect(answer('arping -c 1 -I eth0 10.0.0.77')).toMatchObject({
      out: 'ARPING 10.0.0.77 from 10.0.0.2 eth0\nSent 1 probes (1 broadcast(s))\nReceived 0 response(s)\n',
      status: 1,
    });
  });
});

describe('an interactive shell', () => {
  it('tells of a job that has ended as soon as it has waited for a program', () => {
    const { err } = answer('sleep 1 & sleep 2; ls /nosuch');
    expect(err).toMatch(
      /^\[1\] \d+\n\[1\]\+ {2}Done {20,}sleep 1\nls: cannot access '\/nosuch': No such file or directory\n$/,
    );
  });

  it('finds its users in /etc/passwd', () => {
    expect(answer('IFS=: read -r u _ id _ < /etc/passwd; echo $u $id').out).toBe('root 0\n');
    expect(answer('/etc/passwd').status).toBe(126);
  });
});

describe('a shell that an expansion ends', () => {
  it.each([
    ["bash -c 'echo ${x:?y}'", 127],
    ["bash -ec 'echo ${x:?y}'", 1],
    ["bash -c '(echo ${x:?y}); exit $?'", 1],
    ["bash -uc 'echo $nosuch'", 127],
    ["printf 'echo ${x:?y}\\n' > /tmp/t.sh; bash /tmp/t.sh", 1],
  ])('%s has status %s', (line, status) => {
    expect(answer(line).status).toBe(status);
  });
});

describe('ethtool --monitor', () => {
  it('shows what has changed, as the matching option does', () => {
    const line = 'ethtool --monitor -G & sleep 0.1; ethtool -G eth0 rx 512; sleep 0.1; kill %1';
    const { out } = answer(line, 'root', 80);
    expect(out).toMatch(/^listening\.\.\.\n\nRing parameters for eth0:\n[^]*\nRX:\t+512\n/);
    expect(answer(line).out).toBe('listening...\n');
  });
});
