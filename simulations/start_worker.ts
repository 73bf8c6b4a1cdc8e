/// Starts the worker that runs the page's host. Its program is a chunk of its own, fetched only here.

export async function startWorker(): Promise<Worker> {
  const { default: PlayerWorker } = await import('./player.worker.ts?worker&inline');
  return new PlayerWorker();
}
