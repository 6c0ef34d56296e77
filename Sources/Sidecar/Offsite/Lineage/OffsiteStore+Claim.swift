import Clocks
import DumpDirectory
import JSON

/// The claim of a volume on a place without copies.
///
/// Copies tell whose history a place has. Where there are none, the volumes of two gateways that start at the same time
/// would both begin there. So each creates one object of a fixed name before its first copy. S3 creates it for one of
/// them, and keeps it.
extension OffsiteStore {
  /// The member of the object's metadata that names the volume.
  private static let field = "gatehouse-volume"

  /// The name of the object, without the prefix. It begins as those of the copies do, so it is moved away with them.
  static func claimName(of location: DumpLocation) -> String { "\(location.stem).claim" }

  /// Claims a place without copies.
  ///
  /// - Parameters:
  ///   - inventory: the objects there.
  ///   - volume: the name of the volume in claims.
  /// - Returns: whether the place is this volume's. Otherwise another one has it.
  func claim(
    _ inventory: CopyInventory, of location: DumpLocation, for volume: String, _ deadline: Deadline
  ) throws(OffsiteError) -> Bool {
    let key = prefix + Self.claimName(of: location)
    if inventory.claim == nil { try client.create(key, volume, metadata: [(Self.field, volume)], deadline) }
    // Another volume may have been first.
    return try client.head(key, deadline).metadata[UTF8Key(Self.field)]?.hasSameBytes(as: volume) == true
  }
}
