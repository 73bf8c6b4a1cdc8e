/// The kinds of events that an agenda slot can stand for, and whom each is about.

export const PIECE = 0; // a CPU: its piece of work ends
export const TICK = 1; // a CPU: scheduler tick
export const NIC_INTERRUPT = 2; // a NAPI instance: its device raises the interrupt
export const NAPI_TIMER = 3; // a NAPI instance: gro_flush_timeout has passed
export const LINK_UP = 4; // a device: the link comes up
export const SOURCE = 5; // a source: its next frame arrives
export const OUTGOING = 20; // a device: a frame it has sent reaches the other end
export const REMOTE = 21; // a remote host: its next frame arrives
export const REMOTE_TIMER = 22; // a remote host: it sends again what was lost, or begins a connection
export const REQSK_TIMER = 30; // a half-open TCP connection: no third ACK has come in time
export const EPOLL_TIMER = 70; // a task: its epoll_wait() has waited long enough
export const TCP_TIMER = 23; // a TCP socket: its delayed ACK is due
export const CONNTRACK_GC = 40; // connection tracking: its garbage collector walks the table
export const PACKET_RETIRE = 80; // a packet socket: the block of its ring is handed over
export const DIM_WORK = 60; // a NAPI instance: the work of lib/dim applies a profile
export const HWTSTAMP_HANG = 91; // a device: nobody has fetched the time stamp that its register holds
export const PAUSE_REFRESH = 90; // a device: the pause that it has asked for is nearly over
export const XSK_TX = 95; // an AF_XDP socket: the NIC has room for what it sends
export const FRAG_EXPIRE = 50; // reassembly: the oldest incomplete datagram has waited long enough
export const FRAG6_EXPIRE = 51; // the same of IPv6
