/// The kinds of events that an agenda slot can stand for, and whom each is about.

export const PIECE = 0; // a CPU: its piece of work ends
export const TICK = 1; // a CPU: scheduler tick
export const NIC_INTERRUPT = 2; // a NAPI instance: its device raises the interrupt
export const NAPI_TIMER = 3; // a NAPI instance: gro_flush_timeout has passed
export const LINK_UP = 4; // a device: the link comes up
export const SOURCE = 5; // a source: its next frame arrives
