import Gateway
import HTTPAPI
import Platform
import Settings

extension Configuration {
  /// The settings of the data plane.
  ///
  /// - Parameter isSecure: whether the port speaks TLS.
  static func gateway(
    _ reader: inout EnvironmentReader, _ platform: Platform, isSecure: Bool
  ) -> GatewayConfiguration {
    let declared = settings.calls
    var gateway = GatewayConfiguration()
    gateway.timeouts.connect = reader.value(of: declared.connectTimeout)
    gateway.timeouts.read = reader.value(of: declared.readTimeout)
    gateway.timeouts.write = reader.value(of: declared.writeTimeout)
    gateway.timeouts.pool = reader.value(of: declared.poolTimeout)
    if let path = reader.value(of: declared.certificates) {
      do {
        gateway.trust = try ServerTrust(file: path)
      } catch {
        reader.fault(
          declared.certificates, "names '\(path.prefix(80))', which can't be read as PEM certificates: \(error)")
      }
    }
    gateway.pool.maximum = reader.value(of: declared.connections)
    gateway.pool.kept = reader.value(of: declared.keptConnections)
    gateway.pool.expiry = reader.value(of: declared.keptTime)
    if reader.value(of: declared.http2) {
      reader.fault(
        declared.http2,
        "is true, but this version calls servers with HTTP/1.1 only; set HTTP_ENABLE_HTTP2=false, or remove it")
    }
    gateway.retries.baseDelay = reader.value(of: declared.retryBaseDelay)
    gateway.retries.maximumDelay = reader.value(of: declared.retryMaximumDelay)
    gateway.breakerIsEnabled = reader.value(of: declared.breakerIsEnabled)
    gateway.breakerThreshold = reader.value(of: declared.breakerThreshold)
    gateway.breakerPause = reader.value(of: declared.breakerPause)
    gateway.maximumBodySize = platform.maximumBodySize
    if let bodySize = reader.value(of: declared.bodySize), platform.maximumBodySize != nil {
      gateway.maximumBodySize = bodySize
    }
    gateway.enforcesAdminSubscription = reader.value(of: declared.enforcesAdminSubscription)
    gateway.refusesUnknownPreflights = reader.value(of: declared.strictOptions)
    gateway.accessLog = reader.value(of: declared.accessLog)
    let compression = settings.compression
    let level = reader.value(of: compression.level)
    gateway.compressionLevel = reader.value(of: compression.isEnabled) ? level : nil
    gateway.compressionMinimumSize = reader.value(of: compression.minimumSize)
    gateway.bodyLimitExcludedPaths = platform.bodyLimitExcludedPaths
    gateway.envelope = platform.strictEnvelope ? .strict : .plain
    gateway.isSecure = isSecure
    return gateway
  }
}
