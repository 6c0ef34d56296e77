package import JSON

/// The contents of `lease.json`: the process that writes to this directory, and since when.
///
/// The clocks of two tasks can differ by hours, so no process compares a time of this file with its own. A growing
/// `renewal` shows that the holder lives.
package struct LeaseRecord: Sendable, Equatable {
  /// The process that holds the lease.
  package let holder: LeaseHolder
  /// The epoch, from 1. It grows with each take-over.
  package let epoch: Int
  /// The number of renewals in this epoch. It grows with each one.
  package let renewal: Int
  /// Whether the holder gave up the lease in an orderly way, after it had saved all of its changes.
  package let isReleased: Bool
  /// RFC 3339, by the holder's clock; for people only.
  package let acquiredAt: String
  /// RFC 3339, by the holder's clock; for people only.
  package let expiresAt: String
  /// The holder before, or `nil` when there was no lease or it could not be read.
  package let predecessor: LeasePredecessor?
  /// The port at which other tasks reach the holder, or `nil` when it stated none.
  package let address: LeaseAddress?

  /// Creates a record from its parts.
  package init(
    holder: LeaseHolder, epoch: Int, renewal: Int, isReleased: Bool = false, acquiredAt: String = "",
    expiresAt: String = "", predecessor: LeasePredecessor? = nil, address: LeaseAddress? = nil
  ) {
    self.holder = holder
    self.epoch = epoch
    self.renewal = renewal
    self.isReleased = isReleased
    self.acquiredAt = acquiredAt
    self.expiresAt = expiresAt
    self.predecessor = predecessor
    self.address = address
  }

  /// Parses the file's bytes. Returns `nil` when they are not a valid record.
  package init?(_ bytes: some Collection<UInt8>) {
    guard let object = try? JSONParser().parseObject(bytes), let holder = LeaseHolder(object),
      let epoch = object["epoch"]?.number?.int, LeaseEpoch.isSane(epoch),
      let renewal = object["renewal"]?.number?.int, let isReleased = object["released"]?.bool
    else { return nil }
    self.init(
      holder: holder, epoch: epoch, renewal: renewal, isReleased: isReleased,
      acquiredAt: object["acquired_at"]?.string ?? "", expiresAt: object["expires_at"]?.string ?? "",
      predecessor: object["predecessor"]?.object.flatMap(LeasePredecessor.init),
      address: object["address"]?.object.flatMap(LeaseAddress.init))
  }

  /// The record as JSON, as it is in the file.
  package var json: JSONObject {
    var json = holder.json.merging([
      "epoch": .integer(epoch), "renewal": .integer(renewal), "released": .bool(isReleased),
      "acquired_at": .string(acquiredAt), "expires_at": .string(expiresAt),
    ])
    if let predecessor { json["predecessor"] = .object(predecessor.json) }
    if let address { json["address"] = .object(address.json) }
    return json
  }
}

/// The previous holder, as recorded by the process that took the lease from it.
package struct LeasePredecessor: Sendable, Equatable {
  /// The name of the process.
  package let holder: String
  /// The epoch that it held.
  package let epoch: Int
  /// Whether it gave up the lease in an orderly way, after it had saved all of its changes.
  package let isReleased: Bool

  /// Creates a predecessor from its parts.
  package init(holder: String, epoch: Int, isReleased: Bool) {
    self.holder = holder
    self.epoch = epoch
    self.isReleased = isReleased
  }

  init(_ record: LeaseRecord) {
    self.init(holder: record.holder.name, epoch: record.epoch, isReleased: record.isReleased)
  }

  init?(_ object: JSONObject) {
    guard let holder = object["holder"]?.string, let epoch = object["epoch"]?.number?.int, LeaseEpoch.isSane(epoch),
      let isReleased = object["released"]?.bool
    else { return nil }
    self.init(holder: holder, epoch: epoch, isReleased: isReleased)
  }

  var json: JSONObject {
    ["holder": .string(holder), "epoch": .integer(epoch), "released": .bool(isReleased)]
  }
}

/// A process that holds a lease or waits for it.
package struct LeaseHolder: Sendable, Equatable {
  /// A random name that each process chooses anew.
  package let name: String
  /// The host's name.
  package let host: String
  /// The process ID, unique only within its container.
  package let process: Int
  /// The kernel's boot ID from `/proc/sys/kernel/random/boot_id`; empty when it can't be read.
  package let bootID: String

  /// Creates a holder from its parts.
  package init(name: String, host: String, process: Int, bootID: String) {
    self.name = name
    self.host = host
    self.process = process
    self.bootID = bootID
  }

  init?(_ object: JSONObject) {
    guard let name = object["holder"]?.string, !name.isEmpty else { return nil }
    self.init(
      name: name, host: object["host"]?.string ?? "", process: object["process"]?.number?.int ?? 0,
      bootID: object["boot_id"]?.string ?? "")
  }

  var json: JSONObject {
    [
      "holder": .string(name), "host": .string(host), "process": .integer(process), "boot_id": .string(bootID),
    ]
  }
}

/// The valid numbers of epochs.
package enum LeaseEpoch {
  /// The bound of epochs. Larger numbers are not exact in every JSON parser. Taking leases never leads there, so a
  /// larger number is damage, and counting on from it could overflow.
  package static let largest = 1 << 53

  /// Whether a number can be an epoch: from 1 to below `largest`.
  package static func isSane(_ epoch: Int) -> Bool { (1..<largest).contains(epoch) }
}
