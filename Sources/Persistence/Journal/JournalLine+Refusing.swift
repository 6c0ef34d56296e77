import Threads

/// Changes that were written while the lease was not confirmed.
extension JournalLine {
  static let needsDump = NotKept(description: "only a dump can hold it", needsDump: true)
  static let unconfirmed =
    "this task could not renew its lease of the volume in time, so another may have taken it"

  /// Changes up to one were written, but another task may not go on from them.
  ///
  /// - Parameter activations: the number of times that the lease was taken when they were written.
  func refuse(through sequence: UInt64, in activations: Int) {
    state.withLock { state in
      state.refused = max(state.refused, sequence)
      state.refusedIn = activations
      // The volume takes writes again. Otherwise no change would come that shows it.
      state.trouble = nil
    }
    fail(Self.unconfirmed, lasts: false)
  }

  var hasRefused: Bool { state.withLock { $0.hasRefused } }

  var leavesRefused: Bool { state.withLock { $0.leavesRefused } }

  /// The lease is confirmed again, and nobody else had it meanwhile, so the changes that were refused are safe.
  func acknowledgeRefused() {
    let done = state.withLock { state -> [Waiter] in
      guard state.hasRefused else { return [] }
      let sequence = state.refused
      return state.take(through: sequence)
    }
    for waiter in done { waiter.continuation.resume() }
    endReads()
  }
}
