/// Decides which requests for dumps share one dump. This is a value: the dumper acts on what it returns.
///
/// Dumps don't overlap. A request that arrives during a dump waits for the next dump of its target, which starts later
/// and so contains every earlier change. Requests for the same target share a dump. The oldest request is served first.
struct DumpQueue<Target: Equatable & Sendable>: Sendable {
  /// Identifies a request.
  typealias Ticket = Int

  /// One dump and the requests that it serves.
  struct Batch: Sendable {
    let target: Target
    /// The requests, oldest first.
    let tickets: [Ticket]
  }

  private var lastTicket = 0
  private(set) var running: Batch?
  private var waiting: [(ticket: Ticket, target: Target)] = []

  /// Adds a request.
  ///
  /// - Returns: its ticket, and whether its dump begins at once. Otherwise a later `end` returns a batch with the
  ///   ticket.
  mutating func request(_ target: Target) -> (ticket: Ticket, begins: Bool) {
    lastTicket += 1
    guard running == nil else {
      waiting.append((lastTicket, target))
      return (lastTicket, false)
    }
    running = Batch(target: target, tickets: [lastTicket])
    return (lastTicket, true)
  }

  /// Ends the running dump, whether it failed or not.
  ///
  /// - Returns: the dump that begins now, or `nil` when no request waits.
  mutating func end() -> Batch? {
    guard let first = waiting.first else {
      running = nil
      return nil
    }
    let tickets = waiting.filter { $0.target == first.target }.map(\.ticket)
    waiting.removeAll { $0.target == first.target }
    running = Batch(target: first.target, tickets: tickets)
    return running
  }
}
