import Foundation
import TestSupport
import Testing

@Suite("Volumes that hang or become full")
struct SickVolumeTests {
  /// Regression test: the end of the volume once killed the whole process group of the caller.
  @Test("are not available on a machine without FUSE, which has no other effect")
  func noDevice() async throws {
    try await withTemporaryDirectory { directory in
      let volume = HangingVolume(
        directory.appending(path: "volume"), over: directory.appending(path: "behind"),
        device: directory.appending(path: "fuse").path())
      #expect(volume == nil)
    }
  }
}
