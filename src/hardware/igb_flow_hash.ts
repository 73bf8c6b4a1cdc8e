/// Which header fields igb hashes for receive-side scaling, and which an administrator may choose.
/// Stands for igb_get_rss_hash_opts() and igb_set_rss_hash_opt() in igb_ethtool.c. The letters are
/// those of `ethtool -N`: s and d the addresses, f and n the ports.
import type { FlowHashRules } from './nic_driver.ts';

const ADDRESSES = 'sd';
const PORTS_TOO = 'sdfn';
const OTHERS = ['sctp', 'ah', 'esp'];

export const igbFlowHash: FlowHashRules = {
  countsRules: true,
  warnsOfPorts: true,
  start: {
    tcp4: PORTS_TOO,
    tcp6: PORTS_TOO,
    udp4: ADDRESSES,
    udp6: ADDRESSES,
    ...Object.fromEntries(
      OTHERS.flatMap((name) => [
        [`${name}4`, ADDRESSES],
        [`${name}6`, ADDRESSES],
      ]),
    ),
  },
  settle(now, type, letters) {
    // Nothing but addresses and ports can be hashed, and UDP alone leaves a choice.
    const allowed = type.startsWith('udp')
      ? [ADDRESSES, PORTS_TOO]
      : type.startsWith('tcp')
        ? [PORTS_TOO]
        : [ADDRESSES];
    if (!(type in now) || !allowed.includes(letters)) return { errno: 'EINVAL' };
    return { ...now, [type]: letters };
  },
};
