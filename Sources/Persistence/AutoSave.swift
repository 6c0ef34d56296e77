/// Decides when an automatic dump is due. This is a value: its owner passes it the time.
package struct AutoSave: Sendable, Equatable {
  /// The present settings of automatic dumps.
  package struct Settings: Sendable, Equatable {
    /// Whether automatic dumps are on.
    package let isEnabled: Bool
    /// The time between two checks; at each one a dump is written if it is due.
    package let frequency: Duration
    /// The greatest age of the newest dump. A dump is written before that age even if nothing changed. `nil` means that
    /// dumps are written only after a change.
    package let maximumAge: Duration?

    /// Creates the settings. Without a maximum age, a dump is due only after a change.
    package init(isEnabled: Bool, frequency: Duration, maximumAge: Duration? = nil) {
      self.isEnabled = isEnabled
      self.frequency = frequency
      self.maximumAge = maximumAge
    }
  }

  /// The time of the last check, by the clock of `isDue`.
  private var lastCheck: Duration

  /// Begins the first period.
  ///
  /// - Parameter now: the time of a steady clock.
  package init(now: Duration) {
    lastCheck = now
  }

  /// Whether a dump is due. It returns true at most once in each period, and only if something changed or the newest
  /// dump is about to exceed its maximum age.
  ///
  /// Changed settings apply at once: the present period has the new length, counted from the last check.
  ///
  /// - Parameters:
  ///   - now: the time of the steady clock that `init` was given.
  ///   - isChanged: whether there is a change that no dump holds.
  ///   - dumpAge: the time since this process wrote its last dump. `nil` means that it wrote none yet, so that the
  ///     newest dump can have any age.
  package mutating func isDue(now: Duration, settings: Settings, isChanged: Bool, dumpAge: Duration? = nil) -> Bool {
    guard settings.isEnabled, now - lastCheck >= settings.frequency else { return false }
    lastCheck = now
    guard !isChanged, let maximumAge = settings.maximumAge else { return isChanged }
    // By the next check the newest dump would be older than the maximum age.
    return dumpAge.map { $0 + settings.frequency > maximumAge } ?? true
  }
}
