package import NIOCore

/// How long a client may take.
package struct ConnectionDeadlines: Sendable {
  /// From the connection's start to the first request's head.
  package var head = TimeAmount.seconds(15)
  /// From a request's head to its end.
  package var body = TimeAmount.seconds(30)
  /// Between requests; above the 60 s of AWS's load balancers, so that they and not we close.
  package var idle = TimeAmount.seconds(75)
  /// For a client to take the last answer before a connection is closed, from the newest byte that came.
  package var linger = TimeAmount.seconds(2)
  /// The same in all, however much comes.
  package var longestLinger = TimeAmount.seconds(5)

  /// The times above.
  package init() {}
}
