/// The words in which the table is told of connections, and answers.
extension ConnectionTable {
  struct ID: Equatable, Sendable {
    /// Belongs to one connection at a time. Slots are few, and begin with 0.
    let slot: Int
    let generation: Int
  }

  /// The activity of a connection.
  enum Activity: Sendable, Equatable {
    /// It waits for a request, or for the rest of its head.
    case idle
    /// The head of its request is here, the rest is not.
    case sending
    case answering
    /// The answer is ready, or a part of it, and the client does not take it.
    case taking
  }

  enum Arrival: Sendable, Equatable {
    /// - Parameter closing: must be closed for it.
    case admitted(ID, closing: ID?)
    /// It must be closed.
    case refused(ID, Refusal)
  }

  enum Refusal: Sendable, Equatable {
    /// All places are taken, and no connection can be closed.
    case noPlace
    /// Its address holds as many connections as it may, and none of them can be closed.
    case addressHasItsShare
  }

  enum Acceptance: Sendable, Equatable {
    case open
    /// - Parameter time: when to ask again, if no connection was closed before.
    case paused(until: Duration)
  }
}
