/// What the sidecar last saw of its service.
enum ServiceSighting: String, Sendable, CaseIterable {
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

/// What the lease of the volume tells of its holder.
enum LeaseEvidence: Sendable, Equatable {
  /// There is no lease, as beside the Doorman gateway, or on a volume that nobody has written to.
  case absent
  /// The holder ended in order, after its last dump.
  case released
  /// The holder did not release the lease, and is known to have ended.
  case abandoned
  /// The holder did not release the lease, and did not renew it while it was watched.
  case silent
  /// Someone renews it.
  ///
  /// - Parameter predecessor: how the holder before ended; `nil` when the lease does not tell.
  case renewed(predecessor: Ending?)
  /// Nothing can be read from it, with the reason.
  case unreadable(String)

  enum Ending: Sendable, Equatable {
    case released
    case notReleased
  }
}

/// How a service ended that can't be asked any more, as far as the sidecar can know.
enum ServiceEnd: Sendable, Equatable {
  /// Nothing tells.
  case unknown
  /// In order: what it acknowledged is in a dump.
  case inOrder
  /// Another task is the writer, and this one took no changes.
  case onStandby
  /// It took changes, and may not have written them, with what shows it.
  case crashed(String)
  /// The lease could tell, and can't be read, with the reason.
  case hidden(String)

  /// - Parameters:
  ///   - sighting: what was last seen of the service.
  ///   - lease: what its volume shows now that the service is gone.
  init(_ sighting: ServiceSighting, _ lease: LeaseEvidence) {
    switch (sighting, lease) {
    case (_, .unreadable(let reason)): self = .hidden(reason)
    // The one who has the lease after it can release it, and then nothing tells of this one.
    case (.deposed, .renewed(predecessor: .released)): self = .onStandby
    case (.deposed, _): self = .crashed("another task had taken its lease")
    case (_, .absent): self = .unknown
    case (_, .released): self = .inOrder
    case (_, .abandoned): self = .crashed("the holder of the lease has ended without releasing it")
    // The last look is some seconds old: a task on standby may have become the writer since.
    case (_, .silent): self = .crashed("the lease is not released, and nobody renews it")
    case (.standby, .renewed): self = .onStandby
    case (_, .renewed(predecessor: .notReleased)):
      self = .crashed("another task took the lease over from one that had not released it")
    case (.writer, .renewed(predecessor: .released)): self = .inOrder
    case (.writer, .renewed(predecessor: nil)): self = .crashed("another task has the lease")
    case (.unwatched, .renewed), (.neverReady, .renewed): self = .onStandby
    }
  }
}
