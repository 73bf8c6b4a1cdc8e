/// <reference types="vite/client" />

// The start of a scenario as text, from tools/starts.mjs.
declare module 'virtual:start/*' {
  const start: string;
  export default start;
}
