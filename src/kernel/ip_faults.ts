/// What can be wrong with an IP header, or special about it: the column `cb` of a frame with
/// FLAG_BAD_IP, from the wire up to ip_rcv_core(). Senders set it, nobody else changes it.

export const IP_FAULT = Object.freeze({
  VERSION: 1, // no 4 (or no 6) in the version field
  IHL: 2, // a header length below 20 bytes
  CHECKSUM: 3, // IPv4: the header checksum is wrong
  TRUNCATED: 4, // the total length is more than has arrived
  TOTAL_LENGTH: 5, // IPv4: the total length is less than the header
  OPTIONS: 6, // IPv4: harmless options, not a fault
  BAD_OPTIONS: 7, // IPv4: options that make no sense
  SOURCE_ROUTE: 8, // IPv4: a source route whose end is this host, not a fault
});
