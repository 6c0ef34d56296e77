package import HTTPAPI

/// The settings of the data plane.
package struct GatewayConfiguration: Sendable {
  /// The times that servers have, in seconds, where an API has none of its own.
  package struct Timeouts: Sendable {
    /// To open a connection.
    package var connect = 5.0
    /// Between two parts of a response, and before the first.
    package var read = 30.0
    /// To take a part of a request.
    package var write = 30.0
    /// To wait for a connection while all are in use.
    package var pool = 30.0

    /// The defaults.
    package init() {}
  }

  /// Connections to servers.
  package struct Pool: Sendable {
    /// To one server, over all event loops.
    package var maximum = 100
    /// Those that are kept for later calls.
    package var kept = 50
    /// Seconds after which a kept one is closed.
    package var expiry = 30.0

    /// The defaults.
    package init() {}
  }

  /// The pauses between tries, in seconds.
  package struct Retries: Sendable {
    /// The longest pause before the first retry. It doubles with each.
    package var baseDelay = 0.25
    /// The longest pause of all.
    package var maximumDelay = 2.0

    /// The defaults.
    package init() {}
  }

  /// The requests that get a line in the log.
  package enum AccessLogMode: Sendable {
    /// None.
    case off
    /// Those that were answered with a status of 500 or above, or not to their end.
    case errors
    /// These, and some of the others.
    case sampled
    /// Each.
    case all
  }

  /// The times that servers have.
  package var timeouts = Timeouts()
  /// Connections to servers.
  package var pool = Pool()
  /// The certificates by which servers are verified.
  package var trust = ServerTrust()
  /// The pauses between tries.
  package var retries = Retries()
  /// Whether calls stop for a while after failures in a row.
  package var breakerIsEnabled = true
  /// Failures in a row that stop calls.
  package var breakerThreshold = 5
  /// Seconds until calls are tried again.
  package var breakerPause = 30.0
  /// The largest body of a request in bytes, or `nil` for any.
  package var maximumBodySize: Int? = 1_048_576
  /// Paths without that limit.
  package var bodyLimitExcludedPaths = PathSet([])
  /// Whether admins need subscriptions, too.
  package var enforcesAdminSubscription = false
  /// Whether a preflight of an unknown endpoint is refused.
  package var refusesUnknownPreflights = false
  /// Whether clients' connections are encrypted.
  package var isSecure = false
  /// The gzip level of answers, 1 to 9, or `nil` where nothing is compressed.
  package var compressionLevel: Int? = 1
  /// Bodies that are shorter are not compressed. Bytes.
  package var compressionMinimumSize = 500
  /// The shape of failures.
  package var envelope = Envelope.plain
  /// The requests that get a line in the log.
  package var accessLog = AccessLogMode.all

  /// The defaults.
  package init() {}
}

extension GatewayConfiguration {
  /// The rule for compression.
  var compression: Compression { Compression(level: compressionLevel, minimumSize: compressionMinimumSize) }
}
