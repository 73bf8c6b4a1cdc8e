/// The hook functions by number: what entries of a hook list name, since a list is plain data.
/// hook_functions.ts has the functions in this order.

export const HOOK_NFT = 0; // a base chain of type filter or route
export const HOOK_NFT_NAT = 1; // one of type nat: asked by HOOK_NAT
export const HOOK_CT_IN = 2; // connection tracking: finds or makes the entry
export const HOOK_CT_CONFIRM = 3; // and puts it into the table
export const HOOK_NAT = 4; // address translation
