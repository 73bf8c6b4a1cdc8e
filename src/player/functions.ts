/// The kernel function by which a page names a step. A step of the path bears the name of TCP's
/// function where the protocols part; the traffic of this host is UDP.
import { STEPS } from '../kernel/steps.ts';
import type { StepId } from '../kernel/steps.ts';

const ofUdp: Partial<Record<StepId, string>> = {
  'IN-28': '__udp4_lib_lookup',
  'IN-34': 'sock_def_readable',
  'IN-35': 'udp_recvmsg',
};

/// The function of the step of that index.
export function functionOf(step: number): string {
  const { id, fn } = STEPS[step]!;
  return ofUdp[id] ?? fn;
}
