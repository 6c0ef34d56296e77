/// The evidence in the volume's lease.
enum LeaseEvidence: Sendable, Equatable {
  /// There is no lease, as beside Doorman, or on a volume without any write.
  case absent
  /// The lease has a holder.
  ///
  /// - Parameters:
  ///   - holder: the holder's name, which differs for each process.
  ///   - predecessor: the holder before, or `nil` when the lease does not tell.
  case held(by: String, State, after: Predecessor?)
  /// The lease can't be read, with the reason.
  case unreadable(String)

  /// The observable state of the holder.
  enum State: Sendable, Equatable {
    /// The holder ended in order, after its last dump.
    case released
    /// The holder did not release the lease, and is known to have ended.
    case abandoned
    /// The holder did not release the lease, and did not renew it while it was watched.
    case silent
    /// The holder renewed the lease while it was watched.
    case renewed
  }

  /// The holder before.
  struct Predecessor: Sendable, Equatable {
    let holder: String
    let isReleased: Bool
  }
}
