/// Counters of taps, of tc ingress, and of devices that stand on others.
import { complete, type Counter, type CounterRow } from './counters_entry.ts';

const rows: readonly CounterRow[] = [
  {
    id: 'packet:tp_packets',
    shown: 'tcpdump, at its end: packets received by filter',
    meaning:
      'Packets that the filter of a packet socket let through, those that were then dropped included.',
    step: 'IN-18',
    moved_by: 'packet_rcv() and tpacket_rcv()',
    also_in: 'getsockopt(PACKET_STATISTICS), which sets it to 0',
    if_it_grows: 'The capture is at work; each such packet costs CPU time in the softirq.',
    source: 'net/packet/af_packet.c:packet_rcv',
  },
  {
    id: 'packet:tp_drops',
    shown: 'tcpdump, at its end: packets dropped by kernel',
    meaning: 'Packets that a packet socket had no room for, in its ring or its buffer.',
    step: 'IN-18',
    moved_by:
      'tpacket_rcv() with every block in the hands of the reader; packet_rcv() with rmem_alloc at rcvbuf',
    if_it_grows:
      'The capture loses packets, the host does not: larger ring (tcpdump -B), narrower filter.',
    source: 'net/packet/af_packet.c:tpacket_rcv',
  },
  {
    id: 'packet:tp_freeze_q_cnt',
    shown: 'getsockopt(PACKET_STATISTICS) of a TPACKET_V3 ring',
    meaning: "Times that the ring stood still because the next block was still the reader's.",
    step: 'IN-18',
    moved_by: 'a full block with no free one behind it',
    source: 'net/packet/af_packet.c:tpacket_rcv',
  },
  {
    id: 'tc:ingress:packets',
    shown: 'tc -s qdisc show dev DEV: Sent, of ingress or clsact',
    meaning: 'Packets that came by the filters of the device; bytes without the Ethernet header.',
    step: 'IN-19',
    moved_by: 'each packet in sch_handle_ingress()',
    source: 'net/core/dev.c:sch_handle_ingress',
  },
  {
    id: 'tc:ingress:drops',
    shown: 'tc -s qdisc show dev DEV: dropped, of ingress or clsact',
    meaning: 'Packets that a filter dropped before IP saw them.',
    step: 'IN-19',
    moved_by: 'the verdict drop',
    also_in: 'the drop reason TC_INGRESS',
    if_it_grows: 'A filter or a police drops: tc -s filter show dev DEV ingress says which.',
    source: 'net/core/dev.c:sch_handle_ingress',
  },
  {
    id: 'tc:police:overlimits',
    shown: 'tc -s filter show dev DEV ingress: overlimits, of a police',
    meaning: 'Packets beyond the rate and burst of a police, or longer than its MTU.',
    step: 'IN-19',
    moved_by: 'tcf_police_act() with an empty bucket',
    if_it_grows:
      'The sender is faster than allowed. GRO makes packets longer than the default MTU of 2040 bytes.',
    source: 'net/sched/act_police.c:tcf_police_act',
  },
];

export const tapCounters: readonly Counter[] = rows.map((row) =>
  complete(row, { shown: '', unit: 'packets', source: '' }),
);
