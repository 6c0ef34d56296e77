import Clocks
import NIOCore
import Threads

/// The threads without which the service can't run.
///
/// Some of its libraries end the process when they get no thread, and others wait for one for ever, without a word. So the start
/// asks for all of them at once, before any library does.
enum ThreadReserve {
  /// One for signals, the log, the lease, dumps, restores and paths each, and what a dump's reader and the libraries take for each core.
  static var count: Int { 8 + 6 * System.coreCount }

  /// Starts that many threads and ends them.
  ///
  /// - Throws: `ThreadError` when the system has fewer.
  static func check() throws(ThreadError) {
    let end = Wakeup()
    var threads: [SystemThread] = []
    defer {
      end.ring()
      for thread in threads { thread.join() }
    }
    for _ in 0..<count {
      threads.append(try SystemThread { end.wait(until: .never) })
    }
  }
}
