import Listener
import NIOCore
import Settings

extension Configuration {
  /// The most connections where the descriptors allow more, since each takes memory.
  static let mostConnections = 10_000
  /// Descriptors that stay free for dumps, the lease and upstreams.
  static let spareDescriptors = 64
  /// Descriptors that stay free for connections to servers where no number of connections is set: these, or a quarter.
  static let serverDescriptors = 500

  /// Descriptors that the process has open without clients: three for each event loop, the log, the volume, and those
  /// of the system's libraries.
  static var ownDescriptors: Int { 24 + 3 * System.coreCount }

  /// - Parameter descriptors: how many the process may have open.
  static func connections(_ reader: inout EnvironmentReader, descriptors: Int) -> Connections {
    let limits = settings.limits
    let extra = ConnectionTable.Limits(maximum: 0).descriptors
    let most = descriptors - spareDescriptors - ownDescriptors - extra
    let asked = reader.value(
      of: limits.connections.with(
        .integer(
          1...max(1, most),
          takes: """
            a number from 1 to \(max(1, most)), so that of the \(descriptors) descriptors that the process may open \
            \(spareDescriptors) stay free for dumps and the lease. Take less, or raise the limit (ulimit -n, nofile)
            """)))
    if most < 1 {
      reader.fault(
        limits.connections,
        "can't be met: the process may open \(descriptors) descriptors and needs \(descriptors - most + 1). Raise the limit (ulimit -n, nofile)"
      )
    }
    let maximum = asked ?? max(1, min(most - min(most / 4, serverDescriptors), mostConnections))
    let perAddress = reader.value(of: limits.connectionsPerAddress)
    return switch perAddress {
    case nil: Connections(maximum: maximum, perAddress: max(1, maximum / 4))
    case .off?: Connections(maximum: maximum, perAddress: nil)
    case .bound(let bound)?: Connections(maximum: maximum, perAddress: bound)
    }
  }

  /// How many connections one address may hold.
  package enum ConnectionsPerAddress: Sendable {
    case off
    case bound(Int)
  }
}
