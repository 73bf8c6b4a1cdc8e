/// What happens at each step, in one line, for the path page and the cards on the map.
import type { StepId } from '../../src/kernel/steps.ts';

export const ONE_LINES: Record<StepId, string> = {
  'IN-01':
    'The NIC throws away frames whose checksum (FCS) is wrong or whose address is not this host’s.',
  'IN-02':
    'A hash over addresses and ports picks the queue, so one flow always stays on one queue.',
  'IN-03':
    'The NIC writes the frame into a page that the driver posted earlier. No free descriptor: the frame is lost.',
  'IN-04': 'The NIC waits a little before it interrupts, so that one interrupt serves many frames.',
  'IN-05':
    'A memory write reaches one CPU’s interrupt controller; that CPU runs the queue’s handler.',
  'IN-06':
    'The handler links the queue into this CPU’s poll list and leaves the interrupt off. Nothing else.',
  'IN-07':
    'The receive softirq runs as the interrupt returns, or in ksoftirqd when softirqs took too long.',
  'IN-08':
    'One queue after the other is polled until the list is empty, or budget or time has run out.',
  'IN-09':
    'The driver frees sent packets, takes up to 64 received frames, and posts fresh buffers.',
  'IN-10': 'A BPF program may see the raw frame first and pass, drop, send back or redirect it.',
  'IN-11': 'The page becomes an sk_buff with device, hash, checksum state, VLAN tag and protocol.',
  'IN-12': 'Segments of one flow that follow each other are glued into one large packet.',
  'IN-13': 'Merged packets go up in small lists. A queue that ran empty gets its interrupt back.',
  'IN-14':
    'The flow’s hash, or the CPU where its reader last ran, chooses the CPU for the rest of the way.',
  'IN-15':
    'The packet joins the other CPU’s input queue, and that CPU is woken by an interrupt. A full queue drops.',
  'IN-16': 'The target CPU polls its own input queue and sends each packet into the common path.',
  'IN-17':
    'Every packet passes here: it is counted, generic XDP may run, a VLAN tag moves into the metadata.',
  'IN-18': 'Packet sockets get their copy before any filter of the host decides.',
  'IN-19':
    'Filters and BPF programs on the device may drop, change or redirect the packet before IP sees it.',
  'IN-20': 'A VLAN device, bridge or bond takes the packet over, and it may go round once more.',
  'IN-21': 'The EtherType picks the handler: IPv4, IPv6, ARP. What nobody wants is dropped.',
  'IN-22': 'Version, lengths and header checksum are checked, and padding is cut off.',
  'IN-23': 'Connection tracking and destination NAT look at the packet; a rule may drop it.',
  'IN-24':
    'An established socket is looked up now, and the route stored in it saves the routing lookup.',
  'IN-25': 'The routing table answers: for this host, for another one, or an error.',
  'IN-26': 'Fragments wait until the datagram is whole, then the INPUT rules decide.',
  'IN-27': 'The protocol number picks TCP, UDP, ICMP or another. Raw sockets get a copy first.',
  'IN-28': 'A connection is found by its four addresses and ports, a listener by the best match.',
  'IN-29': 'A listener answers a SYN with a small request, or with a cookie and no memory at all.',
  'IN-30': 'The last ACK of the handshake makes a full socket and puts it into the accept queue.',
  'IN-31': 'While a system call holds the socket, segments wait on its backlog.',
  'IN-32': 'Data in order joins the receive queue; data after a hole waits in a tree.',
  'IN-33':
    'Every packet is charged to its socket by true size. The limit follows how fast the reader reads.',
  'IN-34': 'Whoever sleeps in recv or epoll_wait is woken.',
  'IN-35':
    'The process copies the data out of the queue into its own memory and frees the packets.',
  'IN-U1':
    'The datagram joins its socket’s queue if it fits. If not, it is lost: UDP has no window.',
  'EG-01':
    'write, send, sendmsg and io_uring meet in one function, which asks the protocol to send.',
  'EG-02': 'The segment size of the route decides how the data will be packed.',
  'EG-03':
    'Bytes are copied into packets in the socket’s write queue, or the user’s pages are pinned.',
  'EG-04': 'With the send buffer full, the writer sleeps, or gets EAGAIN.',
  'EG-05': 'Nagle, cork and autocork may hold a small last piece back.',
  'EG-06': 'Only as much leaves as the congestion window and the receiver’s window allow.',
  'EG-07': 'The pacing rate decides how large one super-packet may be.',
  'EG-08': 'Packets are spread over time, and only a few of one socket may wait below.',
  'EG-09': 'A clone goes down with a TCP header; the original stays for a retransmission.',
  'EG-10': 'The route cached in the socket, or a lookup, gives the IP header its fields.',
  'EG-11': 'The OUTPUT rules run: connection tracking, destination NAT, filter.',
  'EG-12': 'The device is set, then source NAT and the end of connection tracking run.',
  'EG-13': 'What is larger than the MTU is cut into fragments, or refused when it must not be.',
  'EG-14': 'The next hop’s entry gives the Ethernet address. An unknown one is asked for by ARP.',
  'EG-15': 'Filters and BPF programs on the device may drop, change or redirect the packet.',
  'EG-16': 'The flow keeps its transmit queue, or gets one by sending CPU or by hash.',
  'EG-17': 'The packet waits in the queueing discipline, or passes it when that is empty.',
  'EG-18':
    'The sender itself takes packets out and transmits; what is left runs in NET_TX_SOFTIRQ.',
  'EG-19': 'Segmentation and checksums are done in software only if the NIC cannot do them.',
  'EG-20': 'Packet sockets see the packet, then the driver gets it.',
  'EG-21': 'The pieces are mapped for DMA and one descriptor is written for each.',
  'EG-22': 'A self-adjusting limit of bytes in the ring keeps the rest in the queueing discipline.',
  'EG-23': 'One write to a device register tells the NIC that there is work.',
  'EG-24': 'The NIC fetches the data, cuts super-packets into frames and puts them on the wire.',
  'EG-25': 'Sent descriptors are marked done, and an interrupt says so.',
  'EG-26': 'The same poll that receives frees what was sent.',
  'EG-27': 'Sent bytes are reported, the limit adapts, and a stopped queue is woken.',
  'EG-28': 'The freed clone makes room below, so the socket may send more.',
  'EG-29': 'Only the ACK frees the original and gives the writer its room back.',
  'FW-01': 'The route leads out through another device, and forwarding is on.',
  'FW-02': 'Time to live and size are checked, then the time to live is lowered.',
  'FW-03': 'The rules of a router or of a container host run here.',
  'FW-04': 'The packet joins the way out at POST_ROUTING. No socket is involved.',
  'FW-05': 'XDP redirect, flowtables, bridges and offload leave the long way earlier.',
  'LO-01': 'Any address of the host itself leads to the device lo.',
  'LO-02': 'The loopback device has no queue: sending calls its transmit function at once.',
  'LO-03': 'The packet waits in this CPU’s input queue, and the receive softirq takes it.',
  'LO-04': 'The packet still carries its route, so no second routing lookup follows.',
  'VE-01': 'What is sent into one end arrives at the other, most often in another namespace.',
  'VE-02': 'By default the peer gets it through the CPU’s input queue, as with lo.',
  'VE-03': 'With XDP or GRO at the peer, a ring of 256 is filled and polled instead.',
  'VE-04': 'There the packet meets a bridge or the routing of the host.',
};
