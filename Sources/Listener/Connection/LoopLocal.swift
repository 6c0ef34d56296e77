import NIOCore
import Synchronization

/// Objects of which each event loop has one, for as long as the process lives. Each keeps its loop.
final class LoopLocal<Value: AnyObject>: Sendable {
  private let values = Mutex<[ObjectIdentifier: NIOLoopBound<Value>]>([:])
  private let make: @Sendable (any EventLoop) -> Value

  init(_ make: @escaping @Sendable (any EventLoop) -> Value) {
    self.make = make
  }

  /// That of an event loop, on which this is called.
  func value(of eventLoop: any EventLoop) -> Value {
    values.withLock { values in
      if let known = values[ObjectIdentifier(eventLoop)] { return known }
      let bound = NIOLoopBound(make(eventLoop), eventLoop: eventLoop)
      values[ObjectIdentifier(eventLoop)] = bound
      return bound
    }.value
  }
}
