#pragma once
// IntrusiveList: a doubly linked list whose links live in the elements.
//
// Linking and unlinking are O(1) and never allocate. An element unlinks itself when it is
// destroyed, so a list never holds a dead element. An element derives from `ListLink<Tag>`;
// different tags let it stand in several lists. The list does not own its elements.

#include <cstddef>

namespace mesh {

template <class Tag = void>
class ListLink {
 public:
  ListLink() noexcept = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { unlink(); }

  bool is_linked() const noexcept { return next_ != this; }
  void unlink() noexcept {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }

 private:
  template <class, class>
  friend class IntrusiveList;
  ListLink* prev_ = this;
  ListLink* next_ = this;
};

template <class T, class Tag = void>
class IntrusiveList {
 public:
  IntrusiveList() noexcept = default;
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (!empty()) head_.next_->unlink();
  }

  bool empty() const noexcept { return !head_.is_linked(); }

  // An element already linked (here or in a list of the same tag) is moved.
  void push_back(T& element) noexcept {
    Link& link = element;
    link.unlink();
    link.prev_ = head_.prev_;
    link.next_ = &head_;
    head_.prev_->next_ = &link;
    head_.prev_ = &link;
  }
  void push_front(T& element) noexcept {
    Link& link = element;
    link.unlink();
    link.next_ = head_.next_;
    link.prev_ = &head_;
    head_.next_->prev_ = &link;
    head_.next_ = &link;
  }

  // Null when empty.
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete): what is freed was unlinked before
  T* front() noexcept { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  T* back() noexcept { return empty() ? nullptr : static_cast<T*>(head_.prev_); }
  T* pop_front() noexcept {
    T* first = front();
    if (first != nullptr) static_cast<Link*>(first)->unlink();
    return first;
  }

  // Visits each element; `visit` may unlink or destroy the element it is given, no other.
  template <class F>
  void for_each(F&& visit) {
    for (Link* at = head_.next_; at != &head_;) {
      Link* next = at->next_;
      visit(*static_cast<T*>(at));
      at = next;
    }
  }

 private:
  using Link = ListLink<Tag>;
  Link head_;
};

}  // namespace mesh
