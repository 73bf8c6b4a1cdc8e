/// Words for the execution contexts, and which one a place in the ledger belongs to. The colour of
/// a context is its CSS class c-<context>; its mark is the page's symbol m-<context>.
import type { Context } from '../kernel/steps.ts';

export const contextName: Record<Context | 'idle', string> = {
  hw: 'hardware',
  hardirq: 'hard IRQ',
  softirq: 'softirq',
  kthread: 'kernel thread',
  process: 'process',
  user: 'user space',
  idle: 'idle',
};
