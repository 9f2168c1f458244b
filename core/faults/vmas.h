/*
 * What can be in a VMA, as far as it decides the kind of a fault. Private to kind.c and chain.c.
 */
#ifndef PT_FAULTS_VMAS_H
#define PT_FAULTS_VMAS_H

#include "core/model/vma.h"

/* An anonymous mapping, in which nothing but memory of its own can be. */
static inline bool pt_vma_is_memory(const struct pt_vma *vma)
{
	return vma && !vma->inode && !(vma->perms & PT_SHARED) && vma->role != PT_ROLE_HUGETLB &&
	       vma->role != PT_ROLE_DEVICE;
}

/* A private mapping of a file: what is written to is a copy. */
static inline bool pt_vma_is_copied(const struct pt_vma *vma)
{
	return vma && vma->inode && !(vma->perms & PT_SHARED) && vma->role != PT_ROLE_HUGETLB;
}

static inline bool pt_vma_is_shared(const struct pt_vma *vma)
{
	return vma && vma->perms & PT_SHARED && vma->role != PT_ROLE_HUGETLB && vma->role != PT_ROLE_DEVICE;
}

/* Faults may wait for a handler in user space. */
static inline bool pt_vma_may_be_handled(const struct pt_vma *vma)
{
	return !vma->has_vm_flags || vma->vm_flags & (PT_VM_UFFD_MISSING | PT_VM_UFFD_WP);
}

static inline bool pt_vma_is_locked(const struct pt_vma *vma)
{
	return vma && vma->has_vm_flags && vma->vm_flags & PT_VM_LOCKED;
}

#endif
