extension ConnectionTable {
  /// How many connections may be held.
  package struct Limits: Sendable {
    /// Connections that are served at once.
    package var maximum: Int
    /// Connections of one address, or of one IPv6 network of 64 bits; `nil` for no bound.
    package var perAddress: Int?
    /// Places beyond the maximum for peers on loopback.
    package var loopbackPlaces = 8
    /// Connections beyond these that are told to close and still hold their descriptor.
    package var closingPlaces = 16
    /// A connection counts as idle after this time, so that a client which is about to send keeps its place.
    package var grace = Duration.milliseconds(250)
    /// A request may be sent, or an answer be taken, for this long before the connection can be closed for a new one.
    package var slowRequest = Duration.seconds(5)
    /// Both times get shorter while more connections wait in the kernel's queue than can be taken in this time: a
    /// probe is behind all of them.
    package var patience = Duration.milliseconds(500)
    /// Connections that may be closed for new ones, or refused, in each `paceInterval`. Bounds the processor time of
    /// a flood.
    package var pace = 200
    /// See `pace`.
    package var paceInterval = Duration.milliseconds(50)

    /// The usual limits but these.
    package init(
      maximum: Int, perAddress: Int? = nil, loopbackPlaces: Int = 8, closingPlaces: Int = 16,
      grace: Duration = .milliseconds(250), slowRequest: Duration = .seconds(5)
    ) {
      self.maximum = maximum
      self.perAddress = perAddress
      self.loopbackPlaces = loopbackPlaces
      self.closingPlaces = closingPlaces
      self.grace = grace
      self.slowRequest = slowRequest
    }

    /// Descriptors that connections take at most.
    package var descriptors: Int { maximum + loopbackPlaces + closingPlaces }
  }
}
