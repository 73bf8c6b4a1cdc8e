/// Which of a device's IPv6 addresses translation takes. Stands for nat_ipv6_dev_get_saddr()
/// (net/netfilter/nf_nat_masquerade.c) and for the choice of nf_nat_redirect_ipv6()
/// (net/netfilter/nf_nat_redirect.c).
import { addressBytes } from '../../address.ts';
import { ipv6_dev_get_saddr, isLinkScope6, listOf6 } from '../../ipv6_saddr.ts';
import type { Kernel, NetDevice } from '../../state.ts';

function wordsOf(bytes: readonly number[]): number[] {
  return [0, 4, 8, 12].map(
    (i) => ((bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!) >>> 0,
  );
}

/// The address that what leaves by a device for a destination is hidden behind. Null: there is none.
export function nat_ipv6_dev_get_saddr(k: Kernel, dev: NetDevice, daddr: string): number[] | null {
  const found = ipv6_dev_get_saddr(k, dev, addressBytes(daddr));
  return found && wordsOf(found);
}

/// The address that what comes by a device is led to; for a link-local destination one of that scope. Null: none.
export function redirectAddress(dev: NetDevice, daddr: string): number[] | null {
  const narrow = isLinkScope6(addressBytes(daddr));
  const found = listOf6(dev).find((own) => !narrow || isLinkScope6(own));
  return found ? wordsOf(found) : null;
}
