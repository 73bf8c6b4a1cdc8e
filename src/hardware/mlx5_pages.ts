/// The pages of an mlx5 receive queue: how its buffers lie in them, when they are had from the page pool, which of
/// them a packet takes along, and when they go back.
/// Stands for mlx5e_alloc_rx_mpwqe(), mlx5e_free_rx_mpwqe(), mlx5e_refill_rx_wqes() and the fragments of
/// mlx5e_skb_from_cqe_*() in drivers/net/ethernet/mellanox/mlx5/core/en_rx.c, and for the sizes of
/// mlx5e_build_rq_frags_info() and its neighbours in en/params.c.
/// A page is divided into fragments before anybody uses it, and each packet takes one. The driver gives back the rest
/// only when it posts the buffers anew; the page is its own again at once if all packets are gone by then, and comes
/// back through the pool with the last of them if not.
/// By default the queue is striding: entries of 256 KiB, a stride of 2 KiB for each frame. One entry is never with the
/// NIC (mlx5_wq_ll_missing()), and two at a time are posted. A short ring has fewer than the four entries it should.
/// Left out: the time until the NIC has mapped an entry's pages (UMR), so it may use them at once; XDP with frames
/// of more than a page.
import {
  createPages,
  page_pool_alloc_netmems,
  page_pool_create,
  page_pool_destroy,
  splitPage,
  page_pool_put_unrefed_netmem,
  unrefPage,
  holdPage,
} from '../kernel/page_pool.ts';
import type { Kernel, Mlx5Buffers, Mlx5Rq, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { isPooled } from '../kernel/xdp/xsk_pool.ts';

const PAGE = 4096;
const MLX5E_PAGECNT_BIAS_MAX = PAGE / 64;
const ENTRY = 256 * 1024; // MLX5_MPWRQ_MAX_LOG_WQE_SZ
const ENTRY_PAGES = ENTRY / PAGE;
const UMR_WQE_BULK = 2;
const PACKED_STRIDE = 256; // MLX5_MPWRQ_DEF_LOG_STRIDE_SZ()
const DEFAULT_FRAG = 2048;
const MAX_FRAGS = 4; // MLX5E_MAX_RX_FRAGS
const SHINFO = 320;
const HARD_MTU = 22; // MLX5E_ETH_HARD_MTU: Ethernet header, a VLAN tag, FCS
const HEADROOM = 64; // MLX5_RX_HEADROOM: NET_SKB_PAD
const XDP_HEADROOM = 256;
const STRIDING = 1;
const XDP = 2;
const LRO = 4;
/// MLX5E_RX_MAX_HEAD: what is copied of a frame that lies packed.
export const MAX_HEAD = 256;

/// The queue's memory as it is now; had anew when it was set up otherwise.
export function pagesOf(k: Kernel, dev: NetDevice, q: RxQueue): Mlx5Rq {
  const rq = q.pages;
  const mode = modeOf(dev);
  if (rq !== null && rq.buffers.mtu === dev.mtu && rq.buffers.slots === q.slots.length)
    if (rq.buffers.mode === mode) return rq;
  return openQueue(k, dev, q);
}

function modeOf(dev: NetDevice): number {
  return (
    (dev.priv_flags['rx_striding_rq'] === true ? STRIDING : 0) |
    (dev.xdp === null ? 0 : XDP) |
    (dev.features['large-receive-offload'] === true ? LRO : 0)
  );
}

/// mlx5e_open_rq(): a pool of its own, and pages for each buffer that is posted.
export function openQueue(k: Kernel, dev: NetDevice, q: RxQueue): Mlx5Rq {
  const pages = (k.skbs.pages ??= createPages());
  if (q.pages !== null) closeQueue(k, q.pages);
  const buffers = buffersOf(dev, q.slots.length);
  const places = buffers.packed
    ? buffers.entries * ENTRY_PAGES
    : Math.ceil(buffers.slots / buffers.period) * buffers.places_per_period;
  const legacy = (buffers.mode & STRIDING) === 0;
  const rq: Mlx5Rq = {
    pool: page_pool_create(pages, q.napi, legacy ? buffers.slots : places),
    buffers,
    pages: new Int32Array(places).fill(-1),
    frags: new Int32Array(places),
    ...{ entry: 0, offset: 0, missing: 0 },
  };
  q.pages = rq;
  keepSpare(dev, q, buffers.spare);
  if (buffers.packed) renew(k, rq, 0, (buffers.entries - 1) * ENTRY_PAGES);
  else postSlots(k, rq, 0, buffers.slots - buffers.spare);
  rq.pool.owed_ns = 0; // no packet waits for that
  return rq;
}

/// mlx5e_free_rx_descs(), mlx5e_free_rq()
function closeQueue(k: Kernel, rq: Mlx5Rq): void {
  for (let i = 0; i < rq.pages.length; i++) mlx5e_page_release_fragmented(k, rq, i);
  page_pool_destroy(k.skbs.pages!, rq.pool);
}

/// An entry of a striding queue stays with the driver.
function keepSpare(dev: NetDevice, q: RxQueue, spare: number): void {
  if (q.ready === q.slots.length && !isPooled(dev, q)) q.ready -= spare;
}

/// mlx5e_build_rq_frags_info(), mlx5e_mpwqe_get_log_rq_size() and what belongs to them.
function buffersOf(dev: NetDevice, slots: number): Mlx5Buffers {
  const mode = modeOf(dev);
  const needed = align(headroom(mode) + dev.mtu + HARD_MTU, 64) + SHINFO;
  const linear = (mode & LRO) === 0 && needed <= PAGE;
  const stride = powerOfTwo(mode & XDP ? Math.max(needed, PAGE) : needed);
  const shape = { mtu: dev.mtu, slots, mode, linear };
  if ((mode & STRIDING) === 0)
    return { ...shape, ...legacyBuffers(dev, mode, linear, stride, slots) };
  const perEntry = Math.max(1, ENTRY / stride);
  const whole = Math.floor(slots / perEntry);
  const entries = Math.max(4, whole);
  const bulk = perEntry * Math.min(UMR_WQE_BULK, (entries >> 1) - 1);
  return {
    ...shape,
    packed: !linear,
    spare: whole >= 4 ? perEntry : 0,
    bulk: whole >= 4 ? bulk : Math.min(perEntry, slots >> 2),
    unit: whole >= 4 ? perEntry : Math.min(perEntry, slots >> 2),
    entries,
    ...inPages([stride], Math.max(1, PAGE / stride)),
    sizes: [Infinity],
    grain: whole >= 4 ? perEntry : Math.min(perEntry, slots >> 2),
  };
}

function legacyBuffers(
  dev: NetDevice,
  mode: number,
  linear: boolean,
  stride: number,
  slots: number,
): Omit<Mlx5Buffers, 'mtu' | 'slots' | 'mode' | 'linear'> {
  const { strides, sizes } = linear
    ? { strides: [stride], sizes: [Infinity] }
    : fragments(dev.mtu + HARD_MTU, mode);
  const shared = linear ? PAGE / stride : 1 + (strides.length % 2);
  const sum = strides.reduce((total, each) => total + each, 0);
  const bytes = sum > PAGE ? align(sum, PAGE) : sum;
  const most = mode & XDP ? ENTRY : 2 * ENTRY; // MAX_WQE_BULK_BYTES()
  const bulk = Math.max(shared, Math.ceil(Math.min(most, (slots >> 2) * bytes) / bytes));
  return {
    ...{ packed: false, spare: 0, bulk, unit: Math.ceil(bulk / (most / ENTRY)), entries: 0 },
    ...inPages(strides, shared),
    sizes,
    grain: shared,
  };
}

/// The fragments of a frame that is too long for one page with everything that an skb needs around it.
function fragments(byte_count: number, mode: number): { strides: number[]; sizes: number[] } {
  const first = (max: number): number => max - headroom(mode) - SHINFO;
  const fits = first(DEFAULT_FRAG) + (MAX_FRAGS - 2) * DEFAULT_FRAG + PAGE;
  const max = byte_count > fits || mode & XDP ? PAGE : DEFAULT_FRAG;
  const [strides, sizes]: [number[], number[]] = [[], []];
  for (let rest = byte_count; rest > 0;) {
    const i = sizes.length;
    const size =
      i === 0 ? Math.min(rest, first(max)) : i < MAX_FRAGS - 1 ? Math.min(rest, max) : rest;
    const around = i === 0 ? headroom(mode) + SHINFO : 0;
    strides.push(mode & XDP ? max : powerOfTwo(size + around));
    sizes.push(size);
    rest -= size;
  }
  return { strides, sizes };
}

/// Where fragments of those sizes lie, for so many slots one after the other. mlx5e_init_frags_partition()
function inPages(
  strides: number[],
  period: number,
): Pick<Mlx5Buffers, 'period' | 'places' | 'places_per_period' | 'strides'> {
  let [place, offset] = [0, 0];
  const places = Array.from({ length: period }, () =>
    strides.map((stride) => {
      if (offset + stride > PAGE) [place, offset] = [place + 1, 0];
      offset += stride;
      return place;
    }),
  );
  return { period, places, places_per_period: place + 1, strides };
}

/// The packet takes the fragments along that its frame lies in; `slot` is where its descriptor was. Returns what
/// the fragments outside its head are charged with, bytes.
export function takeFragments(k: Kernel, rq: Mlx5Rq, slot: number, skb: Skb): number {
  const { buffers } = rq;
  const len = k.skbs.len[skb]!;
  if (buffers.packed) return takePacked(k, rq, len, skb);
  const base = Math.floor(slot / buffers.period) * buffers.places_per_period;
  const places = buffers.places[slot % buffers.period]!;
  let charged = 0;
  for (let i = 0, rest = len; rest > 0 && i < places.length; i++) {
    takeFragment(k, rq, base + places[i]!, skb);
    rest -= buffers.sizes[i]!;
    if (i > 0) charged += buffers.strides[i]!;
  }
  return charged;
}

function takeFragment(k: Kernel, rq: Mlx5Rq, place: number, skb: Skb): void {
  // A ring that AF_XDP has given back begins anew, with the spare entry elsewhere.
  if (rq.pages[place]! < 0) mlx5e_page_alloc_fragmented(k, rq, place);
  rq.frags[place] = rq.frags[place]! + 1;
  holdPage(k, skb, rq.pages[place]!);
}

/// mlx5e_skb_from_cqe_mpwrq_nonlinear(): the head is copied, of the rest each page has a fragment.
function takePacked(k: Kernel, rq: Mlx5Rq, len: number, skb: Skb): number {
  const strides = Math.ceil(len / PACKED_STRIDE) * PACKED_STRIDE;
  if (rq.offset + strides > ENTRY) endEntry(k, rq); // the NIC fills up what is left
  let charged = 0;
  let at = rq.offset + MAX_HEAD;
  for (let rest = len - MAX_HEAD; rest > 0;) {
    const part = Math.min(rest, PAGE - (at % PAGE));
    takeFragment(k, rq, rq.entry * ENTRY_PAGES + Math.floor(at / PAGE), skb);
    charged += align(part, PACKED_STRIDE);
    at += part;
    rest -= part;
  }
  rq.offset += strides;
  if (rq.offset === ENTRY) endEntry(k, rq);
  return charged;
}

function endEntry(k: Kernel, rq: Mlx5Rq): void {
  rq.entry = (rq.entry + 1) % rq.buffers.entries;
  rq.offset = 0;
  // The ring counts frames and not strides, so it may hold more than the entries would.
  if (++rq.missing === rq.buffers.entries - 1) postEntries(k, rq);
}

/// mlx5e_post_rx_mpwqes() where frames are packed.
export function postPacked(k: Kernel, rq: Mlx5Rq): void {
  if (rq.missing >= Math.min(UMR_WQE_BULK, (rq.buffers.entries >> 1) - 1)) postEntries(k, rq);
}

function postEntries(k: Kernel, rq: Mlx5Rq): void {
  const { entries } = rq.buffers;
  for (; rq.missing > 0; rq.missing--) {
    const next = (rq.entry + entries - 1 - rq.missing + entries) % entries;
    renew(k, rq, next * ENTRY_PAGES, (next + 1) * ENTRY_PAGES);
  }
}

/// Buffers for `count` slots from `from` on, as many at once as the driver does.
export function postSlots(k: Kernel, rq: Mlx5Rq, from: number, count: number): void {
  const { slots, unit } = rq.buffers;
  for (let done = 0; done < count;) {
    const start = (from + done) % slots;
    const some = Math.min(unit, count - done, slots - start);
    renew(k, rq, firstPlace(rq, start), firstPlace(rq, start + some));
    done += some;
  }
}

/// The first place that begins at that slot or later.
function firstPlace({ buffers }: Mlx5Rq, slot: number): number {
  const within = slot % buffers.period;
  const base = Math.floor(slot / buffers.period) * buffers.places_per_period;
  return within === 0 ? base : base + buffers.places[within - 1]!.at(-1)! + 1;
}

/// What the places had is given up first, so that the cache can take it and hand it out again.
function renew(k: Kernel, rq: Mlx5Rq, from: number, to: number): void {
  for (let i = from; i < to; i++) mlx5e_page_release_fragmented(k, rq, i);
  for (let i = from; i < to; i++) mlx5e_page_alloc_fragmented(k, rq, i);
}

function mlx5e_page_alloc_fragmented(k: Kernel, rq: Mlx5Rq, place: number): void {
  const page = page_pool_alloc_netmems(k.skbs.pages!, rq.pool);
  splitPage(k.skbs.pages!, page, MLX5E_PAGECNT_BIAS_MAX);
  rq.pages[place] = page;
  rq.frags[place] = 0;
}

function mlx5e_page_release_fragmented(k: Kernel, rq: Mlx5Rq, place: number): void {
  const page = rq.pages[place]!;
  if (page < 0) return;
  const pages = k.skbs.pages!;
  rq.pages[place] = -1;
  const drain = MLX5E_PAGECNT_BIAS_MAX - rq.frags[place]!;
  if (unrefPage(pages, page, drain) > 0) return;
  rq.pool.owed_ns += page_pool_put_unrefed_netmem(pages, rq.pool, page, true);
}

function headroom(mode: number): number {
  return mode & XDP ? XDP_HEADROOM : HEADROOM;
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function powerOfTwo(least: number): number {
  let size = 1;
  while (size < least) size *= 2;
  return size;
}
