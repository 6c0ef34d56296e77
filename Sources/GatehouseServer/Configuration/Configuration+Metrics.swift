import Authentication
import Model
import Platform
import Settings

extension Configuration {
  /// The clients that may read the metrics.
  static func metrics(_ reader: inout EnvironmentReader) -> MetricsAccess {
    let declared = settings.metrics
    var access = MetricsAccess()
    access.isEnabled = reader.value(of: declared.isEnabled)
    access.isPublic = reader.value(of: declared.isPublic)
    access.token = reader.secret(declared.token).map { MetricsToken($0.reveal()) }
    for text in reader.value(of: declared.addresses) {
      if let range = AddressRange(text) {
        access.addresses.append(range)
      } else {
        reader.fault(
          declared.addresses,
          "holds '\(text.prefix(80))'; it takes addresses and CIDR ranges with commas, such as 10.0.0.0/8")
      }
    }
    return access
  }
}
