/// The parts of the site that the header leads to: only what exists.
export type Section = 'atlas' | 'path' | 'live' | 'costs' | 'reference';

export const SECTIONS: readonly { id: Section; name: string; href: string }[] = [
  { id: 'atlas', name: 'Atlas', href: '/' },
  { id: 'path', name: 'Path', href: '/path' },
  { id: 'live', name: 'Live host', href: '/live' },
  { id: 'costs', name: 'Costs', href: '/costs' },
  { id: 'reference', name: 'Reference', href: '/reference' },
];
