/// What the components use of a browser and jsdom does not have. Nothing is laid out here, so nobody
/// is ever told of a size.
globalThis.ResizeObserver ??= class {
  observe(): void {
    // nothing has a size
  }
  unobserve(): void {
    // nothing has a size
  }
  disconnect(): void {
    // nothing has a size
  }
};
if (!('scrollTo' in Element.prototype))
  Object.assign(Element.prototype, { scrollTo: () => undefined });
globalThis.matchMedia ??= (media: string) =>
  Object.assign(new EventTarget(), { media, matches: false }) as MediaQueryList;
