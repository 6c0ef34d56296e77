/// When the timer writes a dump. A value: whoever owns it tells it the time.
package struct AutoSave: Sendable, Equatable {
  /// What the settings say at this moment.
  package struct Settings: Sendable, Equatable {
    package let isEnabled: Bool
    package let frequency: Duration
    /// A dump is written at least this often, also when nothing changed; `nil`: only when something did.
    package let maximumAge: Duration?

    package init(isEnabled: Bool, frequency: Duration, maximumAge: Duration? = nil) {
      self.isEnabled = isEnabled
      self.frequency = frequency
      self.maximumAge = maximumAge
    }
  }

  /// Since the start of the process.
  private var lastTurn: Duration

  /// - Parameter now: of a steady clock.
  package init(now: Duration) {
    lastTurn = now
  }

  /// Whether a dump is due. Asked often, it answers yes once in each period, and only when something changed or the newest
  /// dump has become too old.
  ///
  /// Settings that change count at once: the period runs from the last turn, however long it was then.
  ///
  /// - Parameter dumpAge: since this process wrote its last dump; `nil`: it wrote none yet, so that the newest may be of any age.
  package mutating func isDue(now: Duration, settings: Settings, isChanged: Bool, dumpAge: Duration? = nil) -> Bool {
    guard settings.isEnabled, now - lastTurn >= settings.frequency else { return false }
    lastTurn = now
    guard !isChanged, let maximumAge = settings.maximumAge else { return isChanged }
    // A turn later it would be older than it may be.
    return dumpAge.map { $0 + settings.frequency > maximumAge } ?? true
  }
}
