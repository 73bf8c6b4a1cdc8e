/// What a rule has rejected is answered when the hook has ended (core.ts): rules are evaluated for what is sent
/// too, which must know no way to send.
import type { NftExpr } from './types.ts';

// Set by the last evaluation, taken by its caller before anything else runs.
let wanted: NftExpr | null = null;

/// The packet in hand is to be answered as this expression says.
export function wantRejection(expr: NftExpr): void {
  wanted = expr;
}

/// The expression, once; null: there is none.
export function takeRejection(): NftExpr | null {
  const expr = wanted;
  wanted = null;
  return expr;
}
