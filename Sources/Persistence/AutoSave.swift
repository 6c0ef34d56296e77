/// When the timer writes a dump. A value: whoever owns it tells it the time.
package struct AutoSave: Sendable, Equatable {
  /// What the settings say at this moment.
  package struct Settings: Sendable, Equatable {
    package let isEnabled: Bool
    package let frequency: Duration

    package init(isEnabled: Bool, frequency: Duration) {
      self.isEnabled = isEnabled
      self.frequency = frequency
    }
  }

  /// Since the start of the process.
  private var lastTurn: Duration

  /// - Parameter now: of a steady clock.
  package init(now: Duration) {
    lastTurn = now
  }

  /// Whether a dump is due. Asked often, it answers yes once in each period, and only when something changed.
  ///
  /// Settings that change count at once: the period runs from the last turn, however long it was then.
  package mutating func isDue(now: Duration, settings: Settings, isChanged: Bool) -> Bool {
    guard settings.isEnabled, now - lastTurn >= settings.frequency else { return false }
    lastTurn = now
    return isChanged
  }
}
