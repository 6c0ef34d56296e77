package import Foundation
import Glibc

/// The files below a directory with their attributes. Two of these values show whether anything was written, moved or
/// touched in between.
package struct DirectoryState: Equatable, CustomStringConvertible {
  private struct Item: Equatable {
    let inode: UInt64
    let mode: UInt32
    let modifiedAt: [Int]
    let changedAt: [Int]
    let content: Data?
  }

  private var items: [String: Item] = [:]

  /// Reads the state of a directory.
  package init(of root: URL) {
    add(root, as: ".")
    let paths = FileManager.default.enumerator(atPath: root.path())?.compactMap { $0 as? String } ?? []
    for path in paths { add(root.appending(path: path), as: path) }
  }

  private mutating func add(_ url: URL, as name: String) {
    var status = stat()
    guard lstat(url.path(percentEncoded: false), &status) == 0 else { return }
    // Reading a pipe would wait for its writer.
    let content = status.st_mode & S_IFMT == S_IFREG ? try? Data(contentsOf: url) : nil
    items[name] = Item(
      inode: UInt64(status.st_ino), mode: status.st_mode,
      modifiedAt: [status.st_mtim.tv_sec, status.st_mtim.tv_nsec],
      changedAt: [status.st_ctim.tv_sec, status.st_ctim.tv_nsec], content: content)
  }

  package var description: String {
    items.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.inode) \($0.value.modifiedAt)" }.joined(
      separator: "\n")
  }
}
