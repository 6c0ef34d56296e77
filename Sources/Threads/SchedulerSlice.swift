import Glibc

/// The time for which the scheduler lets a thread run before it looks at others (sched_setattr(2), `sched_runtime`).
///
/// Linux heeds it for usual threads from 6.12 on. A thread that wakes then waits for no more than this time where
/// another one that gives way to it runs. An older kernel leaves the time as it is.
enum SchedulerSlice {
  /// Nanoseconds; the least that the kernel takes.
  static let shortest: UInt64 = 100_000

  #if arch(x86_64)
    private static let systemCall = 314
  #else
    private static let systemCall = 274
  #endif

  /// `struct sched_attr` in its first version.
  private struct Attributes {
    var size: UInt32 = 48
    /// `SCHED_BATCH`: a thread that wakes does not interrupt another one.
    var policy: UInt32 = 3
    var flags: UInt64 = 0
    var niceness: Int32
    var priority: UInt32 = 0
    var runtime: UInt64 = SchedulerSlice.shortest
    var deadline: UInt64 = 0
    var period: UInt64 = 0
  }

  /// Gives the calling thread the shortest slice, and the threads that it starts.
  ///
  /// - Returns: whether the kernel took it.
  @discardableResult
  static func shorten(niceness: Int32) -> Bool {
    // Swift's module of the C library does not have this function, whose number of arguments varies.
    guard let function = dlsym(nil, "syscall") else { return false }
    let call = unsafeBitCast(function, to: (@convention(c) (Int, Int, UnsafeRawPointer, Int) -> Int).self)
    return withUnsafeBytes(of: Attributes(niceness: niceness)) { bytes in
      bytes.baseAddress.map { call(systemCall, 0, $0, 0) == 0 } == true
    }
  }
}
