import Clocks
import NIOCore
import Threads

/// The number of threads that the gateway needs.
///
/// Some libraries end the process when they can't create a thread, and others wait forever without a message. So the
/// start creates this number of threads before any library does.
enum ThreadReserve {
  /// The number: one thread each for signals, the log, the lease, dumps, restores, paths and the certificate, two for a
  /// dump and a restore behind calls, and for each core those of a dump's reader, of passwords and of the libraries.
  static var count: Int { 11 + 7 * System.coreCount }

  /// Starts that many threads and ends them.
  ///
  /// - Throws: `ThreadError` when the system can't provide them.
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
