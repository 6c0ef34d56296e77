package import JSON

/// What `lease.json` says: who writes on this volume, and since when.
///
/// The clocks of two tasks may be hours apart, so nobody compares a time of this file with its own. That `renewal` still
/// grows shows that the holder lives.
package struct LeaseRecord: Sendable, Equatable {
  package let holder: LeaseHolder
  /// Grows with each take-over; from 1.
  package let epoch: Int
  /// Grows each time the holder renews the lease.
  package let renewal: Int
  /// The holder ended in order, and wrote all it had.
  package let isReleased: Bool
  /// RFC 3339, by the holder's clock; for people only.
  package let acquiredAt: String
  /// RFC 3339, by the holder's clock; for people only.
  package let expiresAt: String
  /// How the lease stood when it was taken; `nil`: there was none, or it could not be read.
  package let predecessor: LeasePredecessor?

  package init(
    holder: LeaseHolder, epoch: Int, renewal: Int, isReleased: Bool = false, acquiredAt: String = "",
    expiresAt: String = "", predecessor: LeasePredecessor? = nil
  ) {
    self.holder = holder
    self.epoch = epoch
    self.renewal = renewal
    self.isReleased = isReleased
    self.acquiredAt = acquiredAt
    self.expiresAt = expiresAt
    self.predecessor = predecessor
  }

  /// Reads the file's text; `nil` when it makes no sense.
  package init?(_ bytes: some Collection<UInt8>) {
    guard let object = try? JSONParser().parseObject(bytes), let holder = LeaseHolder(object),
      let epoch = object["epoch"]?.number?.int, LeaseEpoch.isSane(epoch),
      let renewal = object["renewal"]?.number?.int, let isReleased = object["released"]?.bool
    else { return nil }
    self.init(
      holder: holder, epoch: epoch, renewal: renewal, isReleased: isReleased,
      acquiredAt: object["acquired_at"]?.string ?? "", expiresAt: object["expires_at"]?.string ?? "",
      predecessor: object["predecessor"]?.object.flatMap(LeasePredecessor.init))
  }

  package var json: JSONObject {
    var json = holder.json.merging([
      "epoch": .integer(epoch), "renewal": .integer(renewal), "released": .bool(isReleased),
      "acquired_at": .string(acquiredAt), "expires_at": .string(expiresAt),
    ])
    if let predecessor { json["predecessor"] = .object(predecessor.json) }
    return json
  }
}

/// The holder before, as the one that took the lease from it saw it.
package struct LeasePredecessor: Sendable, Equatable {
  /// The holder's name.
  package let holder: String
  package let epoch: Int
  /// It ended in order, and wrote all it had.
  package let isReleased: Bool

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

/// A process that holds a lease, or would like to.
package struct LeaseHolder: Sendable, Equatable {
  /// Random, another one for each process.
  package let name: String
  package let host: String
  package let process: Int
  /// Of the kernel that it runs on, from `/proc/sys/kernel/random/boot_id`; empty when that can't be read.
  package let bootID: String

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

/// Numbers of epochs.
package enum LeaseEpoch {
  /// Above it JSON numbers are no longer exact everywhere. No volume gets there by taking leases, so a larger number is
  /// damage, and counting on from it would overflow one day.
  package static let largest = 1 << 53

  package static func isSane(_ epoch: Int) -> Bool { (1..<largest).contains(epoch) }
}
