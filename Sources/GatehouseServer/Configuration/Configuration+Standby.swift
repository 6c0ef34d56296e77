import JSON
package import Peers
import Settings

extension Configuration {
  /// The settings of two tasks on one volume.
  package struct Standby: Sendable {
    /// The time that a change waits for a task that takes it.
    package let patience: Duration
    /// The address at which other tasks reach this one; `nil` for that of the task.
    package let address: AdvertisedAddress?
    /// Where ECS tells about the task; `nil` outside ECS.
    package let metadata: Endpoint?
  }

  /// A path of another server.
  package struct Endpoint: Sendable {
    /// The server's port.
    package let port: PeerPort
    /// The path.
    package let path: String

    /// - Returns: `nil` when the address has no host.
    init?(_ address: WebAddress) {
      let text = address.text
      guard let scheme = text.cut(at: UInt8(ascii: ":")), scheme.after.beginsWithBytes("//") else { return nil }
      let rest = String(decoding: scheme.after.utf8.dropFirst(2), as: UTF8.self)
      let parts = rest.cut(at: UInt8(ascii: "/"))
      guard let server = AdvertisedAddress(parts?.before ?? rest) else { return nil }
      let isSecure = scheme.before.asciiLowercased.hasSameBytes(as: "https")
      port = PeerPort(host: server.host, port: server.port ?? (isSecure ? 443 : 80), isSecure: isSecure)
      path = "/" + (parts?.after ?? "")
    }
  }

  static func standby(_ reader: inout EnvironmentReader) -> Standby {
    let declared = settings.process
    return Standby(
      patience: .seconds(reader.value(of: declared.handoverWait)), address: reader.value(of: declared.advertiseAddress),
      metadata: reader.value(of: declared.metadata).flatMap(Endpoint.init))
  }
}
