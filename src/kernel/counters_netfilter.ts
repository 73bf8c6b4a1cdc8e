/// What the rules of netfilter count, as entries of the registry.
import { complete, type Counter } from './counters_entry.ts';

const group = {
  shown: 'nft list ruleset, behind the word counter',
  unit: 'packets',
  source: 'net/netfilter/nft_counter.c:nft_counter_do_eval',
};

export const netfilterCounters: readonly Counter[] = [
  {
    id: 'nft:packets',
    meaning:
      'Packets that came as far as the word `counter` of this rule: all matches before it were true.',
    step: 'IN-23' as const,
    moved_by: 'a packet that the rule matches, at whichever hook its chain is',
    also_in: 'reason:NETFILTER_DROP, where the rule drops',
    if_it_grows: 'The rule is in use. What GRO has merged counts as one packet.',
  },
  {
    id: 'nft:bytes',
    meaning: 'Bytes of those packets from the IP header on, without Ethernet.',
    step: 'IN-23' as const,
    unit: 'bytes',
    moved_by: 'a packet that the rule matches',
  },
].map((row) => complete(row, group));
