import NIOCore

/// Runs a connection's task on the connection's own event loop, so that a request that needs no other thread is
/// answered without a switch of threads.
///
/// Nothing that runs here may block: it would hold up every connection of the loop.
final class EventLoopExecutor: TaskExecutor {
  private let eventLoop: any EventLoop

  init(_ eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
