import Clocks
import DumpDirectory
import JSON
import Logging
import NIOCore
import Peers
import Threads

/// The address at which other tasks reach this one. It is known once the gateway listens.
final class TaskAddress: Sendable {
  private let state = Lock((isDecided: false, address: LeaseAddress?.none))

  /// The address, or `nil` while it is not known.
  var present: LeaseAddress? { state.withLock { $0.address } }

  /// Takes what was found.
  func decide(_ address: LeaseAddress?) { state.withLock { $0 = (true, address) } }

  /// Waits until it is known, or known that there is none, but no longer than a limit.
  func wait(within limit: Duration) async {
    let deadline = Deadline(in: limit)
    while !state.withLock({ $0.isDecided }), !deadline.isOver {
      guard (try? await Task.sleep(for: .milliseconds(2))) != nil else { return }
    }
  }
}

extension Gatehouse {
  /// The time for the answer of the metadata of ECS.
  private static let metadataLimit = Duration.seconds(1)

  /// Finds the address at which other tasks reach this one.
  ///
  /// - Parameter port: the port on which the gateway listens.
  func findAddress(port: Int) async {
    guard peers != nil else { return address.decide(nil) }
    let host: String?
    if let set = configuration.standby.address {
      host = set.host
    } else if let task = await taskAddress() {
      host = task
    } else if let bound = try? SocketAddress(ipAddress: configuration.host, port: 0), bound.isAny {
      host = Self.interfaceAddress()
    } else {
      host = configuration.host
    }
    guard let host else {
      logger.warning(
        "other tasks can't reach this one, as it has no address of its own: set ADVERTISE_ADDRESS, or changes that come to them are refused"
      )
      return address.decide(nil)
    }
    let found = LeaseAddress(
      host: host, port: configuration.standby.address?.port ?? port, isSecure: configuration.certificate != nil)
    address.decide(found)
    logger.notice(
      "other tasks reach this one at its address", metadata: ["peer.address": "\(PeerPort(found))"])
  }

  /// The address that ECS gave the task.
  private func taskAddress() async -> String? {
    guard let endpoint = configuration.standby.metadata else { return nil }
    do {
      let answer = try await TimeLimit.perform(within: Self.metadataLimit) {
        try await PeerClient().send(.get(endpoint.path), to: endpoint.port, largestAnswer: 1 << 20)
      }
      if answer.status == 200, let address = AdvertisedAddress.address(inMetadata: answer.body) { return address }
      logger.warning(
        "the metadata of the ECS task name no address; that of an interface is taken",
        metadata: ["response.status": .stringConvertible(answer.status)])
    } catch {
      logger.warning(
        "the metadata of the ECS task can't be read; the address of an interface is taken",
        metadata: ["error": "\(error)"])
    }
    return nil
  }

  /// The first address of an interface that other hosts can use.
  private static func interfaceAddress() -> String? {
    let addresses = (try? System.enumerateDevices())?.compactMap(\.address).filter(\.isForOtherHosts)
    let four = addresses?.first { $0.protocol == .inet }
    return (four ?? addresses?.first)?.ipAddress
  }
}

extension SocketAddress {
  /// Whether it stands for every address of the host.
  fileprivate var isAny: Bool { ipAddress.map { ["0.0.0.0", "::"].containsBytes(of: $0) } ?? false }

  fileprivate var isForOtherHosts: Bool {
    guard let ipAddress, self.protocol == .inet || self.protocol == .inet6 else { return false }
    return !ipAddress.hasPrefix("127.") && ipAddress != "::1" && !ipAddress.hasPrefix("fe80:")
  }
}
