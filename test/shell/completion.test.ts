/// Tab completion on a whole host.
import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { complete, createSession } from '../../src/shell/shell.ts';

const desc = hosts['igb'];
if (!desc) throw new Error('no host igb');
const k = boot(desc, 1);
const session = createSession(k, 'root');
const words = (line: string): readonly string[] => complete(k, session, line, line.length).words;

describe('completes', () => {
  it.each([
    ['etht', 'ethtool'],
    ['echo hi | gre', 'grep'],
    ['sudo etht', 'ethtool'],
    ['for i in 1; do slee', 'sleep'],
    ['ethtool et', 'eth1'],
    ['ethtool -S et', 'eth0'],
    ['ip link show dev e', 'eth0'],
    ['sysctl net.core.rmem_m', 'net.core.rmem_max'],
    ['cat /proc/net/softnet', '/proc/net/softnet_stat'],
    ['cat /sys/class/n', '/sys/class/net/'],
    ['echo 1 > /proc/sys/net/core/netdev_budget_', '/proc/sys/net/core/netdev_budget_usecs'],
    ['echo $HOM', '$HOME'],
    ['echo ${PAT', '${PATH}'],
    ['cat ~/../proc/upt', '~/../proc/uptime'],
    ['/bi', '/bin/'],
  ])('%j with %j', (line, expected) => {
    expect(words(line)).toContain(expected);
  });

  it('offers nothing for what does not exist', () => {
    expect(words('cat /nosuch/')).toEqual([]);
    expect(words('nosuchcommand')).toEqual([]);
  });

  it('says where the completed word begins', () => {
    expect(complete(k, session, 'ethtool -g et', 13).from).toBe(11);
  });
});
