import JSON

/// How a gateway ended that does not answer any more, as far as the sidecar can know.
enum GatewayEnd: Sendable, Equatable {
  /// It is unknown how.
  case unknown
  /// It ended in order, so every acknowledged change is in a dump.
  case inOrder
  /// Another task is the writer, and this one has no changes of its own.
  case onStandby
  /// It renews its lease, although it does not answer.
  case alive
  /// It took changes that it may not have written, with what shows that.
  case crashed(String)
  /// The lease, which could tell, can't be read, with the reason.
  case hidden(String)

  /// Decides how the gateway ended.
  ///
  /// - Parameters:
  ///   - sighting: what was last seen of the gateway.
  ///   - own: the gateway's name as the holder of the lease, or `nil` when that was not seen.
  ///   - lease: what the lease shows now that the gateway does not answer.
  init(_ sighting: GatewaySighting, own: String?, _ lease: LeaseEvidence) {
    switch lease {
    case .unreadable(let reason): self = .hidden(reason)
    case .absent: self = sighting == .deposed ? .crashed(Self.wasDeposed) : .unknown
    case .held(let holder, let state, let predecessor):
      let isOwn = own.map { $0.hasSameBytes(as: holder) }
      // A task that still holds the lease did not lose it: it could not read its volume for a while.
      let sighting = sighting == .deposed && isOwn == true ? .writer : sighting
      // The holder before counts as this gateway unless it is known to have been another one.
      let before = predecessor.flatMap { own?.hasSameBytes(as: $0.holder) != false ? $0.isReleased : nil }
      self =
        switch (sighting, state) {
        // A later holder of the lease can release it, or crash, which tells nothing about this gateway.
        case (.deposed, .renewed), (.deposed, .released): before == true ? .onStandby : .crashed(Self.wasDeposed)
        case (.deposed, .abandoned), (.deposed, .silent): .crashed(Self.wasDeposed)
        case (_, .abandoned): .crashed("the holder of the lease has ended without releasing it")
        // The last check is some seconds old, and a task on standby may have become the writer since.
        case (_, .silent): .crashed("the lease is not released, and nobody renews it")
        // A gateway that came and went before its name was seen counts as the holder that released the lease.
        case (.writer, .released): isOwn == false ? Self.writer(before: before) : .inOrder
        case (_, .released): .inOrder
        case (.standby, .renewed): .onStandby
        case (.writer, .renewed): isOwn == true ? .alive : Self.writer(before: before)
        case (.unwatched, .renewed), (.neverReady, .renewed):
          predecessor?.isReleased == false ? .crashed(Self.wasTaken) : .onStandby
        }
    }
  }

  /// How a writer ended whose lease another task has had since.
  ///
  /// - Parameter before: whether it had released the lease, or `nil` when the lease does not tell.
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
