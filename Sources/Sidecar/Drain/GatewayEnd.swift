/// What the sidecar last saw of its service.
enum GatewaySighting: String, Sendable, CaseIterable {
  /// It did not look: a command that was started for the drain alone.
  case unwatched
  /// It was not seen ready in the life of this sidecar, which may have begun later than the service's.
  case neverReady = "never_ready"
  /// It took changes.
  case writer
  /// It was ready, and another task was the writer.
  case standby
  /// It took changes, and later another task was the writer.
  case deposed

  /// Takes in one more look at a service that is ready.
  mutating func see(isWriter: Bool) {
    switch (self, isWriter) {
    case (_, true): self = .writer
    case (.writer, false), (.deposed, false): self = .deposed
    case (.unwatched, false), (.neverReady, false), (.standby, false): self = .standby
    }
  }

  /// Whether the service was seen ready in the life of this sidecar.
  var wasReady: Bool {
    switch self {
    case .writer, .standby, .deposed: true
    case .unwatched, .neverReady: false
    }
  }

  /// Whether the service was seen as the writer.
  var tookChanges: Bool { self == .writer || self == .deposed }
}

/// What the lease of the volume tells.
enum LeaseEvidence: Sendable, Equatable {
  /// There is no lease, as beside the Doorman gateway, or on a volume that nobody has written to.
  case absent
  /// - Parameters:
  ///   - holder: its name, another one for each process.
  ///   - predecessor: who held the lease before; `nil` when the lease does not tell.
  case held(by: String, State, after: Predecessor?)
  /// Nothing can be read from it, with the reason.
  case unreadable(String)

  enum State: Sendable, Equatable {
    /// The holder ended in order, after its last dump.
    case released
    /// The holder did not release the lease, and is known to have ended.
    case abandoned
    /// The holder did not release the lease, and did not renew it while it was watched.
    case silent
    case renewed
  }

  struct Predecessor: Sendable, Equatable {
    let holder: String
    let isReleased: Bool
  }
}

/// How a service ended that can't be asked any more, as far as the sidecar can know.
enum GatewayEnd: Sendable, Equatable {
  /// Nothing tells.
  case unknown
  /// In order: what it acknowledged is in a dump.
  case inOrder
  /// Another task is the writer, and this one took no changes that only it has.
  case onStandby
  /// It renews its lease, though it does not answer.
  case alive
  /// It took changes, and may not have written them, with what shows it.
  case crashed(String)
  /// The lease could tell, and can't be read, with the reason.
  case hidden(String)

  /// - Parameters:
  ///   - sighting: what was last seen of the service.
  ///   - own: the name that it had as the holder of the lease; `nil` when that was not seen.
  ///   - lease: what its volume shows now that the service does not answer.
  init(_ sighting: GatewaySighting, own: String?, _ lease: LeaseEvidence) {
    switch lease {
    case .unreadable(let reason): self = .hidden(reason)
    case .absent: self = sighting == .deposed ? .crashed(Self.wasDeposed) : .unknown
    case .held(let holder, let state, let predecessor):
      let isOwn = own.map { $0 == holder }
      // Nobody took the lease from a task that still has it: it could not look at its volume for a while.
      let sighting = sighting == .deposed && isOwn == true ? .writer : sighting
      // The holder before counts for this service unless it is known to have been another one.
      let before = predecessor.flatMap { own == nil || $0.holder == own ? $0.isReleased : nil }
      self =
        switch (sighting, state) {
        // Whoever has the lease after it can release it, or crash, which tells nothing of this one.
        case (.deposed, .renewed), (.deposed, .released): before == true ? .onStandby : .crashed(Self.wasDeposed)
        case (.deposed, .abandoned), (.deposed, .silent): .crashed(Self.wasDeposed)
        case (_, .abandoned): .crashed("the holder of the lease has ended without releasing it")
        // The last look is some seconds old: a task on standby may have become the writer since.
        case (_, .silent): .crashed("the lease is not released, and nobody renews it")
        // A service that came and went before its name was seen is the holder that released the lease, as far as
        // anybody knows.
        case (.writer, .released): isOwn == false ? Self.writer(before: before) : .inOrder
        case (_, .released): .inOrder
        case (.standby, .renewed): .onStandby
        case (.writer, .renewed): isOwn == true ? .alive : Self.writer(before: before)
        case (.unwatched, .renewed), (.neverReady, .renewed):
          predecessor?.isReleased == false ? .crashed(Self.wasTaken) : .onStandby
        }
    }
  }

  /// A writer whose lease another has had since.
  ///
  /// - Parameter before: whether it had released it; `nil` when the lease does not tell.
  private static func writer(before: Bool?) -> GatewayEnd {
    switch before {
    case true?: .inOrder
    case false?: .crashed(wasTaken)
    case nil: .crashed("another task has had the lease since")
    }
  }

  private static let wasDeposed = "another task had taken its lease"
  private static let wasTaken = "another task took the lease over from one that had not released it"
}
