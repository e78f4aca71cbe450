/** Starts counting the milliseconds of processor time that this thread uses: how busy the machine is says nothing about the input. */
export function countCpuTime(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  };
}
