import NIOCore
import Settings

extension Configuration {
  /// Where the descriptors allow more: a connection takes memory, too.
  private static let mostConnections = 10_000
  /// Descriptors that stay free for dumps, the lease and upstreams, whatever clients do.
  static let spareDescriptors = 64

  /// What the process has open without clients: three descriptors for each event loop, the log, the volume, and what the
  /// system's libraries keep.
  static var ownDescriptors: Int { 24 + 3 * System.coreCount }

  /// - Parameter descriptors: that the process may have open.
  static func connections(_ reader: inout EnvironmentReader, descriptors: Int) -> Connections {
    let extra = ConnectionTable.Limits(maximum: 0).descriptors
    let most = descriptors - spareDescriptors - ownDescriptors - extra
    let asked = reader.parsed(
      "MAX_CONNECTIONS", absent: "derived",
      takes: """
        a number from 1 to \(max(1, most)), so that of the \(descriptors) descriptors that the process may open \
        \(spareDescriptors) stay free for dumps and the lease. Take less, or raise the limit (ulimit -n, nofile)
        """
    ) { text in Int(text).flatMap { (1...max(1, most)).contains($0) ? $0 : nil } }
    if most < 1 {
      reader.fault(
        "MAX_CONNECTIONS",
        "can't be met: the process may open \(descriptors) descriptors and needs \(descriptors - most + 1). Raise the limit (ulimit -n, nofile)"
      )
    }
    let maximum = asked ?? max(1, min(most, mostConnections))
    let perAddress = reader.parsed(
      "MAX_CONNECTIONS_PER_ADDRESS", absent: "derived", takes: "a number from 1, or off"
    ) { text -> PerAddress? in
      ["off", "OFF", "Off"].contains(text) ? .off : Int(text).flatMap { $0 >= 1 ? .bound($0) : nil }
    }
    return switch perAddress {
    case nil: Connections(maximum: maximum, perAddress: max(1, maximum / 4))
    case .off?: Connections(maximum: maximum, perAddress: nil)
    case .bound(let bound)?: Connections(maximum: maximum, perAddress: bound)
    }
  }

  private enum PerAddress {
    case off
    case bound(Int)
  }
}
