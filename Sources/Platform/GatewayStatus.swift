/// The state of the gateway, as probes and operators ask for it.
package struct GatewayStatus: Sendable {
  /// Figures of the process, for `GET /api/status`.
  package struct Activity: Sendable {
    /// The share of the machine's memory in percent, or `nil` when the system does not tell.
    package let memoryPercent: Double?
    /// The number of open connections.
    package let connections: Int
    /// Seconds since the start.
    package let seconds: Int

    /// Figures of the process.
    package init(memoryPercent: Double?, connections: Int, seconds: Int) {
      self.memoryPercent = memoryPercent
      self.connections = connections
      self.seconds = seconds
    }
  }

  /// Whether the gateway serves requests.
  package let availability: @Sendable () -> Availability
  /// The reason why the gateway accepts no changes, or `nil` when it does.
  package let standby: @Sendable () -> Standby?
  /// Figures of the process.
  package let activity: @Sendable () -> Activity

  /// The parameters are asked at each request.
  package init(
    availability: @escaping @Sendable () -> Availability, standby: @escaping @Sendable () -> Standby?,
    activity: @escaping @Sendable () -> Activity
  ) {
    self.availability = availability
    self.standby = standby
    self.activity = activity
  }
}
