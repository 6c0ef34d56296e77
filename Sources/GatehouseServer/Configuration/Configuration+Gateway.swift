import Gateway
import HTTPAPI
import Platform
import Settings

extension Configuration {
  /// The settings of the data plane.
  static func gateway(_ reader: inout EnvironmentReader, _ platform: Platform) -> GatewayConfiguration {
    var gateway = GatewayConfiguration()
    gateway.maximumBodySize = platform.maximumBodySize
    gateway.bodyLimitExcludedPaths = platform.bodyLimitExcludedPaths
    gateway.envelope = platform.strictEnvelope ? .strict : .plain
    return gateway
  }
}
